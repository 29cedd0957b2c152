package dsn

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
)

type redisCase struct {
	DSN     string
	OK      bool
	Message string
	Class   string
	Hosts   []string
	Params  map[string]phptest.Typed
	Calls   []struct {
		Call string
		Args []phptest.Typed
	}
}

func TestParseRedisDSN_AgreesWithSymfony(t *testing.T) {
	for _, c := range phptest.ReadCases[redisCase](t, "testdata", "redis-dsn") {
		t.Run(c.DSN, func(t *testing.T) {
			d, err := ParseRedis(c.DSN)
			if !c.OK {
				requireRedisRefused(t, c, d, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.Class, d.class)
			require.Equal(t, c.Class == classRedisArray, d.Supported() != nil)
			require.Equal(t, c.Hosts, phpHosts(d))
			require.Equal(t, c.Params["dbindex"].Text(t), strconv.Itoa(d.Database))
			require.Equal(t, c.Params["redis_sentinel"].Text(t), d.Sentinel)
			require.Equal(t, c.Params["redis_cluster"].Text(t) == "1", d.Cluster)
			requireRedisCalls(t, c, d)
		})
	}
}

// requireRedisRefused: what PHP refuses because of its environment (a sentinel
// that is not there, an extension that is not installed) is for us to take or
// refuse.
func requireRedisRefused(t *testing.T, c redisCase, d *Redis, err error) {
	t.Helper()
	switch {
	case strings.HasPrefix(c.Message, "Failed to retrieve master information"):
		require.NoError(t, err)
		require.NotEmpty(t, d.Sentinel)
	case strings.Contains(c.Message, "Relay"):
		require.NoError(t, err)
		require.ErrorIs(t, d.Supported(), errors.ErrUnsupported)
	default:
		require.Nil(t, d)
		var refused *Error
		require.ErrorAs(t, err, &refused)
	}
}

// phpredis takes it for the default port, and so ends on the server there.
func TestHost_PortZeroIsDialledAsTheDefaultPort(t *testing.T) {
	d, err := ParseRedis("redis://localhost:0")
	require.NoError(t, err)
	_, address := d.Hosts[0].Network()
	require.Equal(t, "localhost:6379", address)
	require.Equal(t, []string{`port 0 of "localhost" is taken for 6379`}, d.Warnings)
}

// phpHosts are the hosts as Symfony hands them on.
func phpHosts(d *Redis) []string {
	hosts := make([]string, len(d.Hosts))
	for i, h := range d.Hosts {
		hosts[i] = h.String()
		if d.TLS != nil && h.Path == "" {
			hosts[i] = "tls://" + hosts[i]
		}
	}
	return hosts
}

// requireRedisCalls compares who logs in, and the times.
func requireRedisCalls(t *testing.T, c redisCase, d *Redis) {
	t.Helper()
	user, password := "", ""
	for _, call := range c.Calls {
		switch call.Call {
		case "connect", "pconnect":
			seconds, err := strconv.ParseFloat(call.Args[2].Text(t), 64)
			require.NoError(t, err)
			if d.Timeout != 0 {
				require.InDelta(t, seconds, d.Timeout.Seconds(), 1e-9)
			}
			extra := call.Args[6].Entries
			if last := extra[len(extra)-1]; last[0].Text(t) == "auth" {
				user, password = loginOf(t, last[1])
			}
		case "RedisCluster::__construct":
			user, password = loginOf(t, call.Args[5])
		case "setOption":
			if call.Args[0].Text(t) == "6" {
				require.Equal(t, call.Args[1].Text(t), strconv.Itoa(int(d.KeepAlive.Seconds())))
			}
		}
	}
	if d.class == classRedisArray {
		user, password = loginOf(t, c.Params["auth"])
	}
	require.Equal(t, user, d.User)
	require.Equal(t, password, d.Password.Reveal())
}

// login is a password, or user and password.
func loginOf(t testing.TB, v phptest.Typed) (user, password string) {
	t.Helper()
	if v.T == "array" {
		return v.Entries[0][1].Text(t), v.Entries[1][1].Text(t)
	}
	return "", v.Text(t)
}

func TestParseRedisDSN_SaysWhoLogsInWhere(t *testing.T) {
	type login struct{ user, password, sentinelUser, sentinelPassword string }
	for dsn, want := range map[string]login{
		"redis://u:p@h?redis_cluster=1":                            {user: "u", password: "p"},
		"redis://default:p@h?redis_cluster=1":                      {password: "p"},
		"redis://u:p@h?auth=q&redis_cluster=1":                     {password: "q"},
		"redis://u:p@h?auth[]=v&auth[]=q":                          {user: "v", password: "q"},
		"redis://u:p@h?auth=":                                      {},
		"redis://u@h?auth[0]=v&auth[1]=q&redis_cluster=1":          {user: "v", password: "q"},
		"redis://u:p@h?redis_sentinel=m":                           {user: "u", password: "p"},
		"redis://h?auth=q&redis_sentinel=m":                        {password: "q", sentinelPassword: "q"},
		"redis://u:p@h?auth=q&redis_sentinel=m":                    {user: "u", password: "p", sentinelPassword: "q"},
		"redis://u:p@h?auth[]=v&auth[]=q&redis_sentinel=m":         {user: "u", password: "p", sentinelUser: "v", sentinelPassword: "q"},
		"redis://u:p@h?auth=q&redis_sentinel=m&class=RedisArray":   {user: "u", password: "p"},
		"redis://h?auth[]=default&auth[]=q&redis_cluster=1":        {user: "default", password: "q"},
		"redis://%75:%70@h?redis_cluster=1":                        {user: "u", password: "p"},
		"redis:?host[a]&host[b]&auth[]=v&auth[]=q&redis_cluster=1": {user: "v", password: "q"},
	} {
		d, err := ParseRedis(dsn)
		require.NoError(t, err, dsn)
		require.Equal(t, want, login{d.User, d.Password.Reveal(), d.SentinelUser, d.SentinelPassword.Reveal()}, dsn)
	}
	for _, auth := range []string{
		"auth[]=q", "auth[]=u&auth[]=q&auth[]=x", "auth[user]=u&auth[pass]=q", "auth[1]=q&auth[0]=u", "auth[1]=u&auth[2]=q", "auth[][]=u&auth[]=q", "auth[0]=u&auth[x]=q",
	} {
		for _, mode := range []string{"", "&redis_cluster=1", "&redis_sentinel=m"} {
			_, err := ParseRedis("redis://u:p@h?" + auth + mode)
			var refused *Error
			require.ErrorAs(t, err, &refused, auth+mode)
			require.ErrorContains(t, err, `"auth" must be`, auth+mode)
		}
	}
}
