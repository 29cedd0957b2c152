package envconfig

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type redisCase struct {
	DSN     string
	OK      bool
	Message string
	Class   string
	Hosts   []string
	Params  map[string]typed
	Calls   []struct {
		Call string
		Args []typed
	}
}

func TestParseRedisDSN_AgreesWithSymfony(t *testing.T) {
	for _, c := range readCases[redisCase](t, "redis-dsn") {
		t.Run(c.DSN, func(t *testing.T) {
			d, err := ParseRedisDSN(c.DSN)
			if !c.OK {
				requireRedisRefused(t, c, d, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.Class, d.Class)
			require.Equal(t, c.Class == ClassRedisArray, d.Supported() != nil)
			require.Equal(t, c.Hosts, phpHosts(d))
			require.Equal(t, c.Params["dbindex"].text(t), strconv.Itoa(d.Database))
			require.Equal(t, c.Params["redis_sentinel"].text(t), d.Sentinel)
			require.Equal(t, c.Params["redis_cluster"].text(t) == "1", d.Cluster)
			requireRedisCalls(t, c, d)
		})
	}
}

// requireRedisRefused: what PHP refuses because of its environment (a sentinel
// that is not there, an extension that is not installed) is for us to take or
// refuse.
func requireRedisRefused(t *testing.T, c redisCase, d *RedisDSN, err error) {
	t.Helper()
	switch {
	case strings.HasPrefix(c.Message, "Failed to retrieve master information"):
		require.NoError(t, err)
		require.NotEmpty(t, d.Sentinel)
	case strings.Contains(c.Message, "Relay"):
		require.NoError(t, err)
		require.ErrorIs(t, d.Supported(), ErrNotSupported)
	default:
		require.Nil(t, d)
		var refused *DSNError
		require.ErrorAs(t, err, &refused)
	}
}

// phpredis takes it for the default port, and so ends on the server there.
func TestHost_PortZeroIsDialledAsTheDefaultPort(t *testing.T) {
	d, err := ParseRedisDSN("redis://localhost:0")
	require.NoError(t, err)
	_, address := d.Hosts[0].Network()
	require.Equal(t, "localhost:6379", address)
	require.Equal(t, []string{`port 0 of "localhost" is taken for 6379`}, d.Warnings)
}

// phpHosts are the hosts as Symfony hands them on.
func phpHosts(d *RedisDSN) []string {
	hosts := make([]string, len(d.Hosts))
	for i, h := range d.Hosts {
		hosts[i] = h.String()
		if d.TLS && h.Path == "" {
			hosts[i] = "tls://" + hosts[i]
		}
	}
	return hosts
}

// requireRedisCalls compares who logs in, and the times.
func requireRedisCalls(t *testing.T, c redisCase, d *RedisDSN) {
	t.Helper()
	user, password := "", ""
	for _, call := range c.Calls {
		switch call.Call {
		case "connect", "pconnect":
			seconds, err := strconv.ParseFloat(call.Args[2].text(t), 64)
			require.NoError(t, err)
			if d.Timeout != 0 {
				require.InDelta(t, seconds, d.Timeout.Seconds(), 1e-9)
			}
			extra := call.Args[6].Entries
			if last := extra[len(extra)-1]; last[0].text(t) == "auth" {
				password = last[1].text(t)
			}
		case "auth":
			if a := call.Args[0]; a.T == "array" {
				user, password = a.Entries[0][1].text(t), a.Entries[1][1].text(t)
			} else {
				password = a.text(t)
			}
		case "RedisCluster::__construct":
			password = call.Args[5].text(t)
		case "setOption":
			if call.Args[0].text(t) == "6" {
				require.Equal(t, call.Args[1].text(t), strconv.Itoa(int(d.KeepAlive.Seconds())))
			}
		}
	}
	if d.Class == ClassRedisArray {
		return
	}
	require.Equal(t, user, d.User)
	require.Equal(t, password, d.Password.Reveal())
}
