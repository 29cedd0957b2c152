package connect_test

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// phpReads says whether PHP reads from the servers of the DSNs, one a line.
const phpReads = `
foreach (array_slice($argv, 1) as $dsn) {
	try {
		(new Symfony\Component\Cache\Adapter\RedisAdapter(@Symfony\Component\Cache\Adapter\RedisAdapter::createConnection($dsn)))->getItem('k');
		echo "yes\n";
	} catch (Throwable $e) {
		echo "no\n";
	}
}
`

// Which certificates a node takes with which ssl[…] options is what PHP takes.
func TestRedis_TakesTheCertificatesThatPHPTakes(t *testing.T) {
	php := servers.PHP(t, "redis")
	here := net.IPv4(127, 0, 0, 1)
	var dsns []string
	for _, c := range []struct {
		name  string
		ip    net.IP
		until time.Duration
	}{
		{"localhost", here, time.Hour},
		{"localhost", here, -time.Hour},
		{"other.example.com", net.IPv4(192, 0, 2, 1), time.Hour},
		{"other.example.com", net.IPv4(192, 0, 2, 1), -time.Hour},
	} {
		cert, key := certificateOf(t, c.name, c.ip, time.Now().Add(c.until))
		port := freePort(t)
		servers.Redis(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
		for _, ca := range []string{"", "&ssl[cafile]=" + url.QueryEscape(cert)} {
			for _, options := range []string{
				"", "&ssl[allow_self_signed]=1", "&ssl[verify_peer]=0", "&ssl[verify_peer_name]=0", "&ssl[verify_peer]=0&ssl[verify_peer_name]=0",
				"&ssl[verify_peer]=0&ssl[allow_self_signed]=1", "&ssl[allow_self_signed]=1&ssl[verify_peer_name]=0",
			} {
				dsns = append(dsns, fmt.Sprintf("rediss://localhost:%d?timeout=2%s%s", port, ca, options))
			}
		}
	}
	var got string
	for _, dsn := range dsns {
		a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn))
		require.NoError(t, err)
		_, err = a.Get(t.Context(), "k")
		require.NoError(t, a.Close())
		got += map[bool]string{true: "yes\n", false: "no\n"}[err == nil]
	}
	want := php.Run(phpReads, dsns...)
	wanted, found := strings.Fields(want), strings.Fields(got)
	require.Len(t, wanted, len(dsns))
	for i, dsn := range dsns {
		require.Equal(t, wanted[i], found[i], dsn)
	}
	require.Contains(t, want, "yes")
}
