package connect_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// redisDefaults is what decides about time, protocol and retries of every
// client of go-redis. Each has been chosen here, so that a new release of the
// library changes none of them.
var redisDefaults = map[string]any{
	"DialTimeout": 2 * time.Second, "DialerRetries": 1, "DialerRetryTimeout": 100 * time.Millisecond, "DialerRetryBackoff": nil,
	"ReadTimeout": 2 * time.Second, "WriteTimeout": 2 * time.Second, "PoolTimeout": 2 * time.Second, "ContextTimeoutEnabled": true,
	"MaxRetries": 1, "MinRetryBackoff": 10 * time.Millisecond, "MaxRetryBackoff": 100 * time.Millisecond,
	"ConnMaxIdleTime": 5 * time.Minute, "ConnMaxLifetime": time.Duration(0), "ConnMaxLifetimeJitter": time.Duration(0),
	"MinIdleConns": 0, "MaxIdleConns": 0, "MaxActiveConns": 0, "PoolFIFO": false, "PipelinePoolSize": -1,
	"Protocol": 2, "DisableIdentity": true, "DisableIndentity": false, "IdentitySuffix": "", "ClientName": "", "OnConnect": nil,
	"MaintNotificationsConfig": maintnotifications.ModeDisabled,
	"AutoPipelineOptions":      nil, "FailingTimeoutSeconds": 15,
	// Clusters and Sentinel alone: replicas are never asked.
	"MaxRedirects": 3, "ClusterStateReloadInterval": 3 * time.Second, "DisableRoutingPolicies": false,
	"ReadOnly": false, "ReplicaOnly": false, "UseDisconnectedReplicas": false, "RouteByLatency": false, "RouteByLatencyTolerance": time.Duration(0), "RouteRandomly": false,
	"ClusterSlots": nil,
}

// redisOthers say where a server is and who logs in, or how much memory a
// connection takes.
var redisOthers = []string{
	"Network", "Addr", "Addrs", "NodeAddress", "MasterName", "SentinelAddrs", "SentinelUsername", "SentinelPassword", "Dialer", "NewClient", "TLSConfig", "DB", "Username", "Password", "Limiter", "ShardPicker",
	"CredentialsProvider", "CredentialsProviderContext", "StreamingCredentialsProvider", "PoolSize", "MaxConcurrentDials",
	"ReadBufferSize", "WriteBufferSize", "PipelineReadBufferSize", "PipelineWriteBufferSize", "UnstableResp3",
	"PushNotificationProcessor", // follows from Protocol
}

func requireDefaults(t *testing.T, options any, but map[string]any) {
	t.Helper()
	v := reflect.Indirect(reflect.ValueOf(options))
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if !v.Type().Field(i).IsExported() || slices.Contains(redisOthers, name) {
			continue
		}
		if strings.HasPrefix(name, "ClientSideCache") {
			require.True(t, name == "ClientSideCacheStrategy" || v.Field(i).IsZero(), "the cache on this side is off: %s", name)
			continue
		}
		want, known := redisDefaults[name]
		if own, ok := but[name]; ok {
			want = own
		}
		require.True(t, known, "the client library has a new option %s: decide what it is", name)
		got := v.Field(i).Interface()
		if m, ok := got.(*maintnotifications.Config); ok {
			got = m.Mode
		}
		if k := v.Field(i).Kind(); want == nil && (k == reflect.Func || k == reflect.Pointer || k == reflect.Interface) {
			require.True(t, v.Field(i).IsNil(), name)
			continue
		}
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), name)
	}
}

func openedRedis(t *testing.T, address string, opts ...connect.Option) redis.UniversalClient {
	t.Helper()
	d, err := dsn.ParseRedis(address)
	require.NoError(t, err)
	c, err := connect.Redis(d, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestDefaults_OfRedis(t *testing.T) {
	one := openedRedis(t, "redis://localhost").(*redis.Client)
	requireDefaults(t, one.Options(), nil)
	short := openedRedis(t, "redis://localhost?timeout=0.5&read_timeout=0.25", connect.WithTimeout(time.Second)).(*redis.Client)
	requireDefaults(t, short.Options(), map[string]any{
		"DialTimeout": 500 * time.Millisecond, "ReadTimeout": 250 * time.Millisecond, "WriteTimeout": 250 * time.Millisecond, "PoolTimeout": time.Second,
	})
	sentinel := openedRedis(t, "redis://localhost?redis_sentinel=m").(*redis.Client)
	requireDefaults(t, sentinel.Options(), nil)
	d, err := dsn.ParseRedis("redis://localhost?redis_sentinel=m")
	require.NoError(t, err)
	failover, asked, err := connect.SentinelOptions(d)
	require.NoError(t, err)
	requireDefaults(t, failover, map[string]any{
		"DialerRetryTimeout": time.Duration(0), "FailingTimeoutSeconds": 0, // the library fills them in
	})
	question := redis.NewClient(asked)
	defer question.Close()
	requireDefaults(t, question.Options(), map[string]any{"MaxRetries": 0})
	cluster := openedRedis(t, "redis://localhost?redis_cluster=1").(*redis.ClusterClient)
	requireDefaults(t, cluster.Options(), map[string]any{"MaxRetries": -1}) // a redirection is the retry
}

func TestDefaults_OfMemcached(t *testing.T) {
	d, err := dsn.ParseMemcached("memcached://localhost")
	require.NoError(t, err)
	c, _, err := connect.Memcached(d)
	require.NoError(t, err)
	defer c.Close()
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case !f.IsExported():
		case f.Name == "DialContext":
			require.False(t, v.Field(i).IsNil(), "it bounds connecting, and does TLS and the login")
		default:
			want, known := map[string]any{"Timeout": 2 * time.Second, "MaxIdleConns": 64}[f.Name]
			require.True(t, known, "the client library has a new option %s: decide what it is", f.Name)
			require.Equal(t, want, v.Field(i).Interface(), f.Name)
		}
	}
}
