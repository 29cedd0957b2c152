package deploy_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// redisHost starts Redis and Sentinel of a host of the shipped files, the first of which
// is the master.
func (s *site) redisHost(host int) (server, sentinel *servers.Process) {
	s.Helper()
	own := "10.0.0." + strconv.Itoa(host)
	acl := s.file("cache/users.acl")
	data := func() string {
		dir, err := os.MkdirTemp(s.dir, "redis")
		require.NoError(s, err)
		return dir
	}
	start := func(name string, args []string, port int, replace ...string) *servers.Process {
		text := regexp.MustCompile(`(bind|announce-ip) 10\.0\.0\.31`).ReplaceAllString(read(s.T, name), "$1 "+own)
		text = replaceAll(s.T, text, append(replace, "dir /var/lib/redis", "dir "+data(), fmt.Sprintf("port %d", port), fmt.Sprintf("port %d", port+portShift))...)
		address := s.addr(host, port)
		all := append([]string{s.write(filepath.Base(name), s.translate(text))}, args...)
		return servers.Program(s, "redis-server", "redis-server", func() error { return listens(address) }, all...)
	}
	replace := []string{"aclfile /etc/redis/users.acl", "aclfile " + acl}
	if host != 31 {
		replace = append(replace, "#replicaof 10.0.0.31 6379", fmt.Sprintf("replicaof 10.0.0.31 %d", 6379+portShift))
	}
	server = start("cache/redis.conf", nil, 6379, replace...)
	sentinel = start("cache/sentinel.conf", []string{"--sentinel"}, 26379, "mymaster 10.0.0.31 6379", fmt.Sprintf("mymaster 10.0.0.31 %d", 6379+portShift))
	return server, sentinel
}

// password returns the password of a user of users.acl.
func password(t *testing.T, user string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^user ` + user + ` on >(\S+) `).FindStringSubmatch(read(t, "cache/users.acl"))
	require.NotNil(t, m)
	return m[1]
}

// Redis and Sentinel start with the files, and the users are those of users.acl.
func TestRedis_StartsWithTheFiles(t *testing.T) {
	s := newSite(t)
	s.redisHost(31)
	client := redis.NewClient(&redis.Options{Addr: s.addr(31, 6379), Username: "sentinel", Password: password(t, "sentinel")})
	defer client.Close()
	require.NoError(t, client.Ping(t.Context()).Err())
	anonymous := redis.NewClient(&redis.Options{Addr: s.addr(31, 6379)})
	defer anonymous.Close()
	require.ErrorContains(t, anonymous.Ping(t.Context()).Err(), "NOAUTH")
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: s.addr(31, 26379)})
	defer sentinel.Close()
	master, err := sentinel.GetMasterAddrByName(t.Context(), "mymaster").Result()
	require.NoError(t, err)
	require.Equal(t, s.net+"31", master[0])
}

// phpCache does all with Symfony's adapter that mosparo does, and reads what the Go node has
// planned, for which it waits some seconds at most.
const phpCache = `
$class = 'Symfony\\Component\\Cache\\Adapter\\' . $argv[1];
$cache = new $class($class::createConnection($argv[2]));
$save = function ($key, $value, $ttl = null) use ($cache) {
	$item = $cache->getItem($key)->set($value)->expiresAfter($ttl);
	if (!$cache->save($item)) throw new Exception("cannot save $key");
};
$save('mosparoAdditionalCleanup', null);
$save('p1rc_0123456789abcdef0123456789abcdef', ['ri' => [1], 'rpric' => []], 3600);
$save('design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content', '.mosparo{}');
$save('design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_hash', str_repeat('a', 64));
$cache->deleteItem('p1rc_0123456789abcdef0123456789abcdef');
$cache->hasItem('mosparoCleanupStartedAt');
$until = microtime(true) + $argv[3];
while (!($next = $cache->getItem('mosparoNextCleanup'))->isHit() && microtime(true) < $until) usleep(50000);
echo $next->isHit() ? $next->get()->format('c') : 'nothing', "\n", $cache->getItem('design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content')->get();
`

// besidePHP lets PHP use the cache at the address, and a Go node that cleans plan the next
// cleanup for PHP.
func (s *site) besidePHP(php *servers.PHPRuntime, adapter, setting, address string) {
	s.Helper()
	class := map[string]string{"redis": "RedisAdapter", "memcached": "MemcachedAdapter"}[adapter]
	require.Contains(s, php.Run(phpCache, class, address, "0"), ".mosparo{}")
	s.Setenv("MOSPARO_CACHE_ADAPTER", adapter)
	s.Setenv(setting, address)
	s.Setenv("MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE", "1")
	dir := mosparoDir(s.T, nil)
	node := s.node(11, "--dir", dir, "--clean", "--drain", "0s")
	require.Eventually(s, func() bool { return !strings.Contains(php.Run(phpCache, class, address, "30"), "nothing") }, patience, poll)
	out := command(s.T, program(s.T, "mosparo-cleanupd"), "--dir", dir, "--clean")
	require.Contains(s, out, "submit_token:1")
	require.NotContains(s, logOf(s.T, node), "NOPERM")
	node.Stop()
}

// Three hosts with the shipped files: PHP and Go nodes use the DSN of sentinel.conf, need no
// right that users.acl lacks, and go on after the master has died.
func TestRedis_FailsOver(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	php := servers.PHP(t, "redis")
	s := newSite(t)
	var nodes []*servers.Process
	for host := 31; host <= 33; host++ {
		server, _ := s.redisHost(host)
		nodes = append(nodes, server)
	}
	m := regexp.MustCompile(`(?m)REDIS_URL=(\S+)$`).FindStringSubmatch(read(t, "cache/sentinel.conf"))
	require.NotNil(t, m)
	address := s.translate(m[1])
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: s.addr(31, 26379)})
	defer sentinel.Close()
	knows := func(number string) func() bool {
		return func() bool {
			master, err := sentinel.Master(t.Context(), "mymaster").Result()
			return err == nil && master["num-slaves"] == "2" && master["num-other-sentinels"] == "2" && strings.HasPrefix(master["ip"], s.net) && (number == "" || master["ip"] != number)
		}
	}
	require.Eventually(t, knows(""), patience, poll)
	client := func(host int) *redis.Client {
		c := redis.NewClient(&redis.Options{Addr: s.addr(host, 6379), Username: "sentinel", Password: password(t, "sentinel")})
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	require.Eventually(t, func() bool {
		info, err := client(31).Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "min_slaves_good_slaves:2")
	}, patience, poll)
	s.besidePHP(php, "redis", "REDIS_URL", address)
	nodes[0].Kill()
	require.Eventually(t, knows(s.net+"31"), patience, poll, "another master")
	out := command(t, program(t, "mosparo-cleanupd"), "--dir", mosparoDir(t, nil), "--clean")
	require.Contains(t, out, "submit_token:1")
	require.NotContains(t, php.Run(phpCache, "RedisAdapter", address, "0"), "nothing", "PHP nodes see the schedule")
}

// Debian's script starts memcached with the file, and PHP and Go nodes share it.
func TestMemcached_IsShared(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: needs root, as Debian's script does")
	}
	php := servers.PHP(t, "memcached")
	s := newSite(t)
	file := s.file("cache/memcached.conf", "-p 11211", "-p "+strconv.Itoa(11211+portShift))
	address := s.addr(31, 11211)
	servers.Program(t, "/usr/share/memcached/scripts/systemd-memcached-wrapper", "memcached", func() error { return listens(address) }, file)
	s.besidePHP(php, "memcached", "MEMCACHED_URL", (&url.URL{Scheme: "memcached", Host: address}).String())
}
