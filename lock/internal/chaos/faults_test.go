package chaos_test

import (
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/internal/chaos"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

var (
	total    = flag.Int("faults.acquisitions", 0, "acquisitions of all cases together; 200 each if 0, or 60 without MOSPARO_TEST_LONG=1")
	backends = flag.String("faults.backends", "", "backends to test, parted by commas; all if empty")
)

// scenarios are the cases of TestFaults: a backend, and what happens to it. A
// backend is added by a line.
var scenarios = []struct {
	backend, name string
	long          bool // with MOSPARO_TEST_LONG=1 only
	scenario      chaos.Scenario
}{
	{"redis", "counter", true, chaos.Scenario{Start: redisAlone, Open: openRedis, Exclusive: true, Fencing: true, Calm: true}},
	{"redis", "keeps its data", false, chaos.Scenario{Start: redisThatKeeps, Open: openRedis, Exclusive: true, Fencing: true}},
	{"redis", "loses its data", true, chaos.Scenario{Start: redisThatLoses, Open: openRedis, Fencing: true}},
	{"redis", "fails over with replicas", true, chaos.Scenario{Start: redisThatFailsOver, Open: openAcknowledged, Exclusive: true, Fencing: true}},
	{"file", "counter", true, chaos.Scenario{Start: directory, Open: openFiles, Exclusive: true, Fencing: true, Calm: true}},
	{"file", "machines die", false, chaos.Scenario{Start: directory, Open: openFiles, Exclusive: true, Fencing: true}},
	{"file", "loses its directory", true, chaos.Scenario{Start: directoryThatIsLost, Open: openFiles, Fencing: true}},
	{"memcached", "counter", false, chaos.Scenario{Start: memcachedAlone, Open: openMemcached, TTL: 1500 * time.Millisecond, Calm: true}},
	{"memcached", "loses its data", true, chaos.Scenario{Start: memcachedThatLoses, Open: openMemcached, TTL: 1500 * time.Millisecond}},
}

// Processes that are killed, stopped and cut off never hold a name at the same
// time while the server keeps its data, and no stale write gets past a fence
// whatever happens.
func TestFaults(t *testing.T) {
	for _, c := range scenarios {
		t.Run(c.backend+" "+c.name, func(t *testing.T) {
			skipUnless(t, c.backend)
			if c.long && !isLong() {
				t.Skip("long; runs with MOSPARO_TEST_LONG=1")
			}
			c.scenario.Acquisitions, c.scenario.Rounds = each()
			if !isLong() {
				c.scenario.Processes = 4
			}
			report := c.scenario.Run(t)
			t.Log(report)
			if c.scenario.Fencing {
				requireLinearizable(t, report.Ops)
			}
		})
	}
}

// each is how many acquisitions and rounds of faults every case has.
func each() (acquisitions, rounds int) {
	cases := 0
	for _, c := range scenarios {
		if asked(c.backend) {
			cases++
		}
	}
	if asked("memory") {
		cases++
	}
	switch {
	case cases == 0 || *total == 0 && !isLong():
		return 60, 1
	case *total == 0:
		return 200, 1
	}
	acquisitions = (*total + cases - 1) / cases
	return acquisitions, 1 + acquisitions/200
}

func isLong() bool { return os.Getenv("MOSPARO_TEST_LONG") == "1" }

func asked(backend string) bool {
	return *backends == "" || strings.Contains(","+*backends+",", ","+backend+",")
}

func skipUnless(t *testing.T, backend string) {
	t.Helper()
	if !asked(backend) {
		t.Skip("not asked for")
	}
}

func openRedis(addr string) (lock.Backend, error) {
	return redislocker.New(redisClient(addr)), nil
}

func openAcknowledged(addr string) (lock.Backend, error) {
	return redislocker.New(redisClient(addr), redislocker.WithReplicas(1, 100*time.Millisecond)), nil
}

func openFiles(dir string) (lock.Backend, error) { return filelocker.New(dir) }

func openMemcached(addr string) (lock.Backend, error) {
	c := memcache.New(addr)
	c.Timeout = 200 * time.Millisecond
	return memcachedlocker.New(c), nil
}

func directory(t *testing.T) (string, []chaos.Fault) {
	dir := filepath.Join(t.TempDir(), "locks")
	if _, err := filelocker.New(dir); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("skipped: needs flock")
	}
	return dir, nil
}

func directoryThatIsLost(t *testing.T) (string, []chaos.Fault) {
	dir, _ := directory(t)
	return dir, []chaos.Fault{{Name: "directory removed", Do: func() { _ = os.RemoveAll(dir) }}}
}

func memcachedAlone(t *testing.T) (string, []chaos.Fault) {
	return servers.Memcached(t).Addr(), nil
}

func memcachedThatLoses(t *testing.T) (string, []chaos.Fault) {
	m := servers.Memcached(t)
	p := servers.NewProxy(t, m.Addr())
	return p.Addr(), append(network(p),
		chaos.Fault{Name: "server killed", Do: func() { m.Kill(); p.Drop(); m.Restart() }},
		chaos.Fault{Name: "server paused", Do: func() { m.Pause(); time.Sleep(700 * time.Millisecond); m.Resume() }},
	)
}

func redisClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second})
}

func redisAlone(t *testing.T) (string, []chaos.Fault) {
	return servers.Redis(t).Addr(), nil
}

// network are the faults of the way to a server.
func network(p *servers.Proxy) []chaos.Fault {
	cut := func(ds ...servers.Direction) func() {
		return func() {
			p.Cut(ds...)
			time.Sleep(700 * time.Millisecond) // longer than a TTL
			p.Heal()
		}
	}
	return []chaos.Fault{
		{Name: "requests cut off", Do: cut(servers.Requests)},
		{Name: "replies cut off", Do: cut(servers.Replies)},
		{Name: "both cut off", Do: cut(servers.Requests, servers.Replies)},
		{Name: "connections dropped", Do: p.Drop},
	}
}

func redisThatKeeps(t *testing.T) (string, []chaos.Fault) {
	r := servers.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	p := servers.NewProxy(t, r.Addr())
	return p.Addr(), append(network(p),
		chaos.Fault{Name: "server killed", Do: func() { r.Kill(); p.Drop(); r.Restart() }},
		chaos.Fault{Name: "server restarted", Do: func() { r.Stop(); p.Drop(); r.Restart() }},
		chaos.Fault{Name: "server paused", Do: func() { r.Pause(); time.Sleep(700 * time.Millisecond); r.Resume() }},
		chaos.Fault{Name: "scripts forgotten", Do: func() { r.Command("SCRIPT FLUSH") }},
	)
}

// promotion is a failover to a replica that has everything, or not.
func promotion(t *testing.T, p *servers.Proxy, master *servers.RedisServer, complete bool) func() {
	link := servers.NewProxy(t, master.Addr())
	follow := func() *servers.RedisServer {
		link.Heal()
		link.Retarget(master.Addr())
		host, port, err := net.SplitHostPort(link.Addr())
		require.NoError(t, err)
		r := servers.Redis(t, "--replicaof", host, port)
		require.Eventually(t, func() bool { return strings.Contains(r.Command("INFO replication"), "master_link_status:up") }, 20*time.Second, 10*time.Millisecond)
		return r
	}
	replica := follow()
	return func() {
		if !complete {
			link.Cut(servers.Replies)
			time.Sleep(100 * time.Millisecond)
		}
		master.Kill()
		link.Drop()
		require.Equal(t, "OK", replica.Command("REPLICAOF NO ONE"))
		p.Retarget(replica.Addr())
		p.Drop()
		master = replica
		replica = follow()
	}
}

func redisThatLoses(t *testing.T) (string, []chaos.Fault) {
	r := servers.Redis(t)
	p := servers.NewProxy(t, r.Addr())
	q := servers.Redis(t) // the two cases of loss have a server each
	at := p
	move := func(to *servers.RedisServer) { at.Retarget(to.Addr()); at.Drop() }
	return p.Addr(), []chaos.Fault{
		{Name: "server killed without persistence", Do: func() { r.Kill(); r.Restart(); move(r) }},
		{Name: "FLUSHDB", Do: func() { r.Command("FLUSHDB"); q.Command("FLUSHDB") }},
		{Name: "another server", Do: func() { move(q) }},
		{Name: "promotion before replication", Do: promotion(t, p, servers.Redis(t), false)},
	}
}

func redisThatFailsOver(t *testing.T) (string, []chaos.Fault) {
	r := servers.Redis(t)
	p := servers.NewProxy(t, r.Addr())
	return p.Addr(), append(network(p), chaos.Fault{Name: "promotion", Do: promotion(t, p, r, true)})
}
