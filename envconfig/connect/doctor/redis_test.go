package doctor_test

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// withoutDatabase returns the findings but those about the database, which these tests do
// not have, and about a server that is slow because this host is busy.
func withoutDatabase(r doctor.Report) []doctor.Finding {
	return slices.DeleteFunc(steady(r), func(f doctor.Finding) bool {
		return f.Subject == "database" || f.Subject == "database_driver" || f.Code == "cache_on_this_host"
	})
}

// slow is the delay of a server that is slow on purpose.
const slow = 60 * time.Millisecond

// steady returns the findings but those about a server that is not slow on purpose.
func steady(r doctor.Report) []doctor.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f doctor.Finding) bool {
		name, ok := strings.CutSuffix(f.Code, "_slow")
		return ok && !slices.ContainsFunc(r.Parts, func(p doctor.Part) bool { return p.Name == name && p.Latency >= slow })
	})
}

// examine examines the cache of an address.
func examine(t *testing.T, address string, opts ...doctor.Option) doctor.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := doctor.Examine(ctx, settings(t, "-database_driver", "-database_host", "REDIS_URL="+address), opts...)
	r.Findings = withoutDatabase(r)
	return r
}

// part returns the part with a name.
func part(t *testing.T, r doctor.Report, name string) doctor.Part {
	t.Helper()
	i := slices.IndexFunc(r.Parts, func(p doctor.Part) bool { return p.Name == name })
	require.GreaterOrEqual(t, i, 0, r.Parts)
	return r.Parts[i]
}

func TestRedis_MeasuresAServerAndChangesNothing(t *testing.T) {
	s := servers.Redis(t)
	s.Command("SET mosparoNextCleanup N;")
	before := s.Command("INFO keyspace")
	r := examine(t, "redis://"+s.Addr())
	require.Equal(t, []string{"cache_not_durable"}, codes(r.Findings))
	p := part(t, r, "cache")
	require.Equal(t, "redis", p.Kind)
	require.Equal(t, s.Addr(), p.Server)
	require.NotEmpty(t, p.Version)
	require.Positive(t, p.Latency)
	require.Less(t, p.Ahead.Abs(), time.Second)
	require.Equal(t, "default", p.Facts["user"])
	require.Equal(t, "N;", s.Command("GET mosparoNextCleanup"))
	require.Equal(t, before, s.Command("INFO keyspace"))

	r = examine(t, "redis://"+s.Addr()+"/3", doctor.WithWrites())
	require.Equal(t, []string{"cache_not_durable"}, codes(r.Findings))
	require.Contains(t, s.Command("INFO keyspace"), "db3:keys=1,expires=1", "only the record of the lock is left, for 5 s")
}

func TestRedis_SaysWhyAServerCannotBeUsed(t *testing.T) {
	open, closed := servers.Redis(t), servers.Redis(t, "--requirepass", "geheim77")
	for address, code := range map[string]string{
		"redis://127.0.0.1:1":                       "cache_unreachable",
		"redis://:geheim77@" + open.Addr():          "password_not_needed",
		"redis://" + closed.Addr():                  "cache_unauthorized",
		"redis://:other-geheim77@" + closed.Addr():  "cache_unauthorized",
		"rediss://cache.example.com?ssl[cafile]=/x": "cache_address_unusable",
	} {
		r := examine(t, address)
		f := find(t, r.Findings, code)
		require.Equal(t, doctor.Error, f.Severity)
		require.NotContains(t, fmt.Sprint(r), "geheim77")
	}
	r := examine(t, "redis://:geheim77@"+closed.Addr())
	require.Equal(t, doctor.Note, doctor.Worst(r.Findings), r.Findings)
}

func TestRedis_SaysThatTLSFails(t *testing.T) {
	cert, key := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	servers.Redis(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	find(t, examine(t, "rediss://127.0.0.1:"+port).Findings, "cache_tls")
}

func TestRedis_FollowsSentinel(t *testing.T) {
	master := servers.Redis(t)
	sentinel := servers.RedisSentinel(t, master.Port())
	address := "redis:?host[" + sentinel.Addr() + "]&redis_sentinel=mymaster"
	r := examine(t, address, doctor.WithWrites())
	require.Equal(t, doctor.Note, doctor.Worst(r.Findings), r.Findings)
	require.Contains(t, part(t, r, "cache").Server, `the master "mymaster" of the sentinels `+sentinel.Addr())
	find(t, examine(t, strings.Replace(address, "mymaster", "other", 1)).Findings, "cache_unreachable")
}

func TestRedis_FindsAReplica(t *testing.T) {
	replica := servers.Redis(t).Replica()
	r := examine(t, "redis://"+replica.Addr(), doctor.WithWrites())
	require.Equal(t, doctor.Error, find(t, r.Findings, "cache_replica").Severity)
	find(t, r.Findings, "cache_write_failed")
	find(t, r.Findings, "lock_failed")
}

func TestRedis_FindsAServerThatRemovesEntries(t *testing.T) {
	s := servers.Redis(t)
	s.Command("CONFIG SET maxmemory 100mb")
	for policy, locks := range map[string]bool{"allkeys-lru": true, "volatile-ttl": true, "noeviction": false} {
		s.Command("CONFIG SET maxmemory-policy " + policy)
		r := examine(t, "redis://"+s.Addr())
		require.Equal(t, locks, slices.Contains(codes(r.Findings), "cache_evicts"), policy)
	}
	s.Command("CONFIG SET maxmemory-policy noeviction")
	s.Command("CONFIG SET maxmemory 1")
	f := find(t, examine(t, "redis://"+s.Addr()).Findings, "cache_memory_scarce")
	require.Equal(t, doctor.Warning, f.Severity)
}

func TestRedis_ReadsWhatAServerSaysAboutItself(t *testing.T) {
	const fine = "role:master\r\nredis_version:7.0.15\r\naof_enabled:1\r\nrdb_last_bgsave_status:ok\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n"
	for change, code := range map[[2]string]string{
		{"7.0.15", "4.0.9"}: "locks_version_too_old", {"status:ok", "status:err"}: "locks_save_failed", {"enabled:1", "enabled:0"}: "locks_not_durable",
		{"role:master", "role:slave"}: "locks_replica", {"maxmemory:0", "maxmemory:9"}: "locks_evicts",
	} {
		all := doctor.InfoFindings(doctor.ParseInfo(strings.Replace(fine, change[0], change[1], 1)), false, true, "10.0.0.1:6379")
		require.Equal(t, []string{code}, codes(all))
		require.Contains(t, all[0].What, "the master 10.0.0.1:6379")
	}
	require.Empty(t, doctor.InfoFindings(doctor.ParseInfo(fine), true, true, ""))
	require.Empty(t, doctor.InfoFindings(doctor.ParseInfo("nonsense"), true, true, ""))
}

func TestRedis_FindsAServerThatIsSlowOrHasAnotherTime(t *testing.T) {
	s := servers.Redis(t)
	other := alterProxy(t, s.Addr(), late(slow))
	require.Equal(t, doctor.Warning, find(t, examine(t, "redis://"+other).Findings, "cache_slow").Severity)

	reply := regexp.MustCompile(`^\*2\r\n\$10\r\n(\d{10})\r\n`)
	for seconds, severity := range map[int]doctor.Severity{3: doctor.Warning, -60: doctor.Error} {
		other := alterProxy(t, s.Addr(), func(b []byte) []byte {
			return reply.ReplaceAllFunc(b, func(m []byte) []byte {
				n, _ := strconv.Atoi(string(reply.FindSubmatch(m)[1]))
				return fmt.Appendf(nil, "*2\r\n$10\r\n%d\r\n", n+seconds)
			})
		})
		r := examine(t, "redis://"+other)
		require.Equal(t, severity, find(t, r.Findings, "cache_clock").Severity)
		require.InDelta(t, seconds, part(t, r, "cache").Ahead.Seconds(), 0.5)
	}
}

func TestRedis_AServerThatHangsIsAFindingInTime(t *testing.T) {
	s := servers.Redis(t)
	s.Pause()
	defer s.Resume()
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r := doctor.Examine(ctx, settings(t, "REDIS_URL=redis://"+s.Addr(), "-database_driver", "-database_host"))
	require.Less(t, time.Since(start), 2*time.Second)
	find(t, r.Findings, "cache_unreachable")
}

func TestRedis_ExaminesTheServerOfTheLocks(t *testing.T) {
	s, locks := servers.Redis(t), servers.Redis(t)
	locks.Command("CONFIG SET maxmemory 100mb")
	locks.Command("CONFIG SET maxmemory-policy allkeys-lru")
	s.Command("CONFIG SET maxmemory 100mb")
	s.Command("CONFIG SET maxmemory-policy volatile-lru") // has no locks
	r := examine(t, "redis://"+s.Addr(), doctor.WithLockURL("redis://"+locks.Addr()), doctor.WithWrites())
	require.ElementsMatch(t, []string{"locks_evicts", "locks_elsewhere", "locks_not_durable", "cache_not_durable"}, codes(r.Findings))
	require.Equal(t, locks.Addr(), part(t, r, "locks").Server)

	r = examine(t, "redis://"+s.Addr(), doctor.WithLockURL("redis://:geheim77@127.0.0.1:1"))
	require.NotContains(t, fmt.Sprint(r), "geheim77")
	find(t, r.Findings, "locks_unreachable")
	find(t, examine(t, "redis://"+s.Addr(), doctor.WithLockURL("http://h")).Findings, "lock_address_invalid")
}

// as returns the address of a server for the user "node", to whom it gives an ACL.
func as(t *testing.T, s *servers.RedisServer, statement string) string {
	t.Helper()
	require.Equal(t, "OK", s.Command(strings.Replace(statement, "PASSWORD", "geheim77", 1)), statement)
	return "redis://node:geheim77@" + s.Addr()
}

// acl returns the statement for the user "node".
func acl(t *testing.T, m cleanup.Mode, address string, opts ...doctor.Option) string {
	t.Helper()
	all := doctor.ACLs(settings(t, "REDIS_URL="+address), "node", m, opts...)
	require.NotEmpty(t, all)
	return all[len(all)-1].Statement
}

func TestACLs_EachWordIsNeededAndNamedWhereItIsMissing(t *testing.T) {
	s := servers.Redis(t)
	for mode, worst := range map[cleanup.Mode]doctor.Severity{cleanup.ModeClean: doctor.Note, cleanup.ModeObserve: doctor.Warning} {
		statement := acl(t, mode, "redis://"+s.Addr())
		r := examine(t, as(t, s, statement))
		require.Equal(t, worst, doctor.Worst(r.Findings), r.Findings)
		find(t, r.Findings, "cache_info_forbidden")
		if mode == cleanup.ModeObserve {
			find(t, r.Findings, "cache_acl_write_words_missing")
			require.Equal(t, doctor.Note, doctor.Worst(examine(t, as(t, s, statement), doctor.WithMode(mode)).Findings))
		}
		for _, rule := range strings.Fields(statement) {
			if rule[0] != '+' && rule[0] != '~' {
				continue
			}
			fewer := slices.DeleteFunc(strings.Fields(statement), func(r string) bool { return r == rule })
			r := examine(t, as(t, s, strings.Join(fewer, " ")))
			require.True(t, slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool {
				return strings.HasSuffix(f.Code, "_missing") && slices.Contains(strings.Fields(f.Remedy), rule)
			}), "%s: %v", rule, r.Findings)
		}
	}
}

func TestACLs_TheRemedyOfAFindingIsEnough(t *testing.T) {
	s := servers.Redis(t)
	address := as(t, s, "ACL SETUSER node reset on >PASSWORD ~other* +ping")
	for range 3 { // the keys can be tried once GET is allowed
		for _, f := range examine(t, address).Findings {
			if rest, ok := strings.CutPrefix(f.Remedy, "ACL SETUSER "); ok {
				require.Equal(t, "OK", s.Command("ACL SETUSER "+rest))
			}
		}
	}
	require.Equal(t, []string{"cache_not_durable"}, codes(examine(t, address, doctor.WithWrites()).Findings))
	// The number of a database needs a command of its own.
	f := find(t, examine(t, address+"/2").Findings, "cache_acl_words_missing")
	require.Contains(t, f.Remedy, "+select")
}

func TestACLs_FindsAKeyThatMayOnlyBeRead(t *testing.T) {
	s := servers.Redis(t)
	statement := acl(t, cleanup.ModeClean, "redis://"+s.Addr())
	for _, key := range []string{"~mosparoNextCleanup", "~mosparoGo*", "~design_*_hash"} {
		address := as(t, s, strings.Replace(statement, " "+key, " %R"+key, 1)+" +acl")
		f := find(t, examine(t, address).Findings, "cache_acl_keys_missing")
		require.Contains(t, f.Remedy, key)
	}
}

// A node does all of its work with these rights, and with nothing else.
func TestACLs_AreEnoughForANode(t *testing.T) {
	s, locks := servers.Redis(t), servers.Redis(t)
	for name, lockURL := range map[string]string{"one server": "", "two servers": "redis://" + locks.Addr()} {
		for _, db := range []string{"", "/2"} {
			t.Run(name+db, func(t *testing.T) {
				s.Command("FLUSHALL")
				var opts []doctor.Option
				var connectOpts []connect.Option
				if lockURL != "" {
					opts = append(opts, doctor.WithLockURL(lockURL+db))
					connectOpts = append(connectOpts, connect.WithLockURL(as(t, locks, acl(t, cleanup.ModeClean, "redis://"+s.Addr(), opts...))+db))
				}
				all := doctor.ACLs(settings(t, "REDIS_URL=redis://"+s.Addr()+db), "node", cleanup.ModeClean, opts...)
				runNode(t, as(t, s, all[0].Statement)+db, connectOpts...)
			})
		}
	}
}

func TestACLs_AreEnoughForAnObserver(t *testing.T) {
	s := servers.Redis(t)
	pool := cache.NewPool(adapterOf(t, "redis://"+s.Addr()))
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now().Add(-time.Minute), 0))
	observe(t, as(t, s, acl(t, cleanup.ModeObserve, "redis://"+s.Addr())))
}

func TestACLs_AreEnoughOnACluster(t *testing.T) {
	nodes := servers.RedisCluster(t, 0)
	address := "redis:?redis_cluster=1"
	for _, n := range nodes {
		address += "&host[" + n.Addr() + "]"
	}
	statement := acl(t, cleanup.ModeClean, address)
	require.NotContains(t, statement, "+multi")
	for _, n := range nodes {
		as(t, n, statement)
	}
	address = strings.Replace(address, "redis:?", "redis:node:geheim77@?", 1)
	runNode(t, address)
	r := examine(t, address)
	require.Equal(t, doctor.Note, doctor.Worst(r.Findings), r.Findings)
	require.Equal(t, strconv.Itoa(len(nodes)), part(t, r, "cache").Facts["masters"])
	for _, n := range nodes {
		n.Command("ACL SETUSER node -cluster|slots")
	}
	require.Contains(t, find(t, examine(t, address).Findings, "cache_acl_words_missing").Remedy, "+cluster|slots")
}

func TestRedis_AServerBeforeACLsHasNone(t *testing.T) {
	s := servers.Redis(t, "--rename-command", "ACL", "")
	require.Equal(t, []string{"cache_not_durable"}, codes(examine(t, "redis://"+s.Addr()).Findings))
}

func adapterOf(t *testing.T, address string) cache.Adapter {
	t.Helper()
	a, err := connect.Cache(settings(t, "REDIS_URL="+address))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func TestMain(m *testing.M) {
	redis.SetLogger(connect.NewRedisLogger(nil))
	testMain(m)
}
