package connect_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// phpTurn stores a value under a key of its own, and reads what Go has stored.
const phpTurn = `
$pool = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection($argv[1]));
$item = $pool->getItem('mosparoGoFromPHP');
$pool->save($item->set($argv[2])->expiresAfter(3600)) or exit('not saved');
foreach ($pool->getItems(['mosparoGoFromGo', 'mosparoGoAbsent']) as $k => $i) echo $k, $i->isHit() ? '='.$i->get() : ' absent', ' ';
`

// requireSameServer: a PHP node and a Go node with one DSN meet on one entry.
func requireSameServer(t *testing.T, php *servers.PHPRuntime, dsn string) {
	t.Helper()
	a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn))
	require.NoError(t, err)
	defer a.Close()
	pool := cache.NewPool(a)
	require.NoError(t, cache.Key[string]("mosparoGoFromGo").Set(t.Context(), pool, dsn, time.Hour))
	require.Equal(t, "mosparoGoFromGo="+dsn+" mosparoGoAbsent absent ", php.Run(phpTurn, dsn, "hello "+dsn))
	got, err := cache.Key[string]("mosparoGoFromPHP").Get(t.Context(), pool)
	require.NoError(t, err, dsn)
	require.Equal(t, "hello "+dsn, got)
	_, err = a.(cache.Clearer).Clear(t.Context())
	require.NoError(t, err)
}

func TestPHPAndGo_EndOnTheSameServer(t *testing.T) {
	t.Parallel()
	php := servers.PHP(t, "redis")
	const password = `p@ss/w:ord#?%&ü`
	escaped := url.QueryEscape(password)
	port, cert, args := withTLS(t)
	s := servers.Redis(t, append(args, "--requirepass", password)...)
	at, atSocket := s.Addr(), s.Socket()
	for _, dsn := range []string{
		"redis://" + escaped + "@" + at,
		"redis://:" + escaped + "@" + at + "/3",
		"redis://" + escaped + "@" + at + "/1/2",
		"redis://" + escaped + "@" + at + "?dbindex=5&timeout=3&read_timeout=3&retry_interval=1&tcp_keepalive=5",
		"redis://" + at + "/4?auth=" + escaped,
		"redis://" + escaped + "@" + atSocket,
		"redis://" + escaped + "@" + atSocket + "/9",
		"redis:" + escaped + "@?host[" + at + "]",
		"redis:" + escaped + "@?host[" + atSocket + ":]",
		"redis://" + escaped + "@" + at + "?persistent=1&persistent_id=x&lazy=1&class=Redis",
		fmt.Sprintf("rediss://%s@localhost:%d/2?ssl[cafile]=%s", escaped, port, url.QueryEscape(cert)),
		fmt.Sprintf("rediss://%s@127.0.0.1:%d?ssl[verify_peer]=0&ssl[verify_peer_name]=0", escaped, port),
	} {
		requireSameServer(t, php, dsn)
	}
}

func TestPHPAndGo_EndOnTheMasterThatASentinelNames(t *testing.T) {
	t.Parallel()
	php := servers.PHP(t, "redis")
	master := servers.Redis(t, "--requirepass", "pw")
	port := servers.RedisSentinel(t, master.Port(), "sentinel auth-pass mymaster pw").Port()
	requireSameServer(t, php, fmt.Sprintf("redis://pw@%s/2?redis_sentinel=mymaster", addr(port)))
	down := freePort(t)
	requireSameServer(t, php, fmt.Sprintf("redis://pw@%s?redis_sentinel=mymaster&host[%s]&timeout=1", addr(down), addr(port)))
}

func TestPHPAndGo_EndOnTheSameCluster(t *testing.T) {
	t.Parallel()
	php := servers.PHP(t, "redis")
	nodes := servers.RedisCluster(t, 0)
	dsn := "redis:?redis_cluster=1"
	for _, n := range nodes {
		dsn += "&host[" + n.Addr() + "]"
	}
	requireSameServer(t, php, dsn)
	requireSameServer(t, php, "redis://"+nodes[1].Addr()+"?redis_cluster=1&failover=error")
}

// A wrong certificate stops both.
func TestPHPAndGo_RefuseTheSameCertificates(t *testing.T) {
	t.Parallel()
	php := servers.PHP(t, "redis")
	port, cert, args := withTLS(t)
	servers.Redis(t, args...)
	ca := "ssl[cafile]=" + url.QueryEscape(cert)
	for query, ok := range map[string]bool{
		"":                               false,
		ca:                               true,
		ca + "&ssl[peer_name]=localhost": true,
		ca + "&ssl[peer_name]=other":     false,
		ca + "&ssl[peer_name]=other&ssl[verify_peer_name]=0": true,
		"ssl[verify_peer]=0":                            true,
		"ssl[verify_peer]=0&ssl[peer_name]=other":       false,
		"ssl[verify_peer_name]=0":                       false,
		"ssl[allow_self_signed]=1":                      true,
		"ssl[allow_self_signed]=1&ssl[peer_name]=other": false,
	} {
		dsn := fmt.Sprintf("rediss://127.0.0.1:%d?%s", port, query)
		answer := php.Run(`try { `+phpTurn+` echo 'taken'; } catch (Throwable $e) { echo 'refused'; }`, dsn, "x")
		a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn))
		require.NoError(t, err)
		_, goErr := a.Get(t.Context(), "a")
		require.NoError(t, a.Close())
		require.Equal(t, ok, goErr == nil, "Go: %s: %v", query, goErr)
		require.Contains(t, answer, map[bool]string{true: "taken", false: "refused"}[ok], "PHP: %s", query)
	}
}

// tlsCluster is the DSN of a cluster of one node, that speaks TLS.
func tlsCluster(t *testing.T, args ...string) string {
	t.Helper()
	port, cert, withTLS := withTLS(t)
	args = append(append(withTLS, "--tls-cluster", "yes", "--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(freePort(t)), "--requirepass", "pw"), args...)
	c := redis.NewClient(&redis.Options{Addr: servers.Redis(t, args...).Addr(), Password: "pw"})
	defer c.Close()
	require.NoError(t, c.Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err())
	require.Eventually(t, func() bool {
		info, err := c.ClusterInfo(t.Context()).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	}, 30*time.Second, 20*time.Millisecond)
	return fmt.Sprintf("rediss://127.0.0.1:%d?redis_cluster=1&auth=pw&ssl[cafile]=%s", port, url.QueryEscape(cert))
}

func TestPHPAndGo_EndOnTheSameClusterWithTLS(t *testing.T) {
	t.Parallel()
	php := servers.PHP(t, "redis")
	dsn := tlsCluster(t, "--cluster-announce-ip", "127.0.0.1")
	requireSameServer(t, php, dsn)
	withoutCA, _, _ := strings.Cut(dsn, "&ssl")
	require.ErrorIs(t, requireFails(t, withoutCA), cache.ErrUnavailable, "the certificate is checked")
}

// A node that has met no other tells its clients no address for itself.
func TestRedis_AClusterThatDoesNotKnowItsAddress(t *testing.T) {
	t.Parallel()
	requireWorks(t, tlsCluster(t))
}
