package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// redisServer is the examination of one address of Redis.
type redisServer struct {
	client redis.UniversalClient
	dsn    *dsn.Redis
	use    usage
	part   string
	result *result
	// again opens another client, for commands that change the state of a connection.
	again func() (redis.UniversalClient, error)
	// hasCSS is true if prepared CSS is in the cache.
	hasCSS bool
	// writes is the severity of a missing right to write.
	writes Severity
}

// redis examines a server, the master of Sentinel, or a cluster.
func (e *examination) redis(ctx context.Context, d *dsn.Redis, use usage) (r result) {
	part := use.part()
	r.part = Part{Name: part, Kind: "redis", Server: showServers(d)}
	again := func() (redis.UniversalClient, error) { return connect.Redis(d, e.connect...) }
	client, err := again()
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) || !use.cache { // otherwise the settings show it
			r.add(cannotOpen(part, err))
		}
		return r
	}
	defer client.Close()
	x := &redisServer{client: client, dsn: d, use: use, part: part, result: &r, again: again, hasCSS: e.settings.Cache.PrepareCSS, writes: e.writeSeverity()}
	if !x.reach(ctx) {
		return r
	}
	for _, m := range x.masters(ctx) {
		x.clock(ctx, m)
		x.info(ctx, m)
	}
	x.rights(ctx)
	return r
}

// showServers returns the hosts of an address.
func showServers(d *dsn.Redis) string {
	hosts := make([]string, len(d.Hosts))
	for i, h := range d.Hosts {
		_, hosts[i] = h.Network()
	}
	text := strings.Join(hosts, ", ")
	switch {
	case d.Sentinel != "":
		text = fmt.Sprintf("the master %q of the sentinels %s", d.Sentinel, text)
	case d.Cluster:
		text = "the cluster " + text
	}
	return text
}

// cannotOpen is a server whose client cannot be made.
func cannotOpen(part string, err error) Finding {
	return Finding{
		Code: part + "_address_unusable", Severity: Error, Subject: part, What: err.Error(),
		Consequence: "a Go node does not start",
		Remedy:      "correct the address; files of certificates must be readable for the user of this program",
	}
}

// probeKey is the key that is read to measure the latency: one that a node reads.
func (x *redisServer) probeKey() string {
	if x.use.cache {
		return "mosparoNextCleanup"
	}
	return ownKey(x.use)
}

// reach measures the latency, and reports whether the server answers.
func (x *redisServer) reach(ctx context.Context) bool {
	latency, err := ping(ctx, func(ctx context.Context) error {
		err := x.client.Get(ctx, x.probeKey()).Err()
		// Not errors.Is: the error of a Sentinel that does not know the master wraps redis.Nil.
		if err == redis.Nil || redis.HasErrorPrefix(err, "WRONGTYPE") || isRefused(err) && connectionWord(err) == "" { //nolint:errorlint // likewise
			return nil // it is an answer; the rights are examined later
		}
		return err
	})
	if err != nil {
		x.result.add(x.unreachable(err))
		return false
	}
	x.result.part.Latency = latency
	x.result.add(latencyFinding(x.part, latency)...)
	return true
}

// isRefused reports whether the ACL of the user does not allow a command or its key. EXEC
// has a prefix of its own.
func isRefused(err error) bool {
	return redis.HasErrorPrefix(err, "NOPERM") || redis.HasErrorPrefix(err, "EXECABORT") && strings.Contains(err.Error(), "NOPERM")
}

// isTLS reports whether the two sides did not agree on TLS.
func isTLS(err error) bool { return hasText(err, "x509:", "tls:", "TLS requested") }

// connectionWord returns the command of connectionWords that was refused, or nothing.
func connectionWord(err error) string {
	for name, word := range map[string]string{"'select'": "select", "'cluster": "cluster|slots"} {
		if strings.Contains(err.Error(), name) {
			return word
		}
	}
	return ""
}

// unreachable explains why the server cannot be used at all.
func (x *redisServer) unreachable(err error) Finding {
	f := Finding{
		Code: x.part + "_unreachable", Severity: Error, Subject: x.part, What: fmt.Sprintf("%s cannot be reached: %v", x.result.part.Server, err),
		Consequence: "a Go node does not clean, and serves the CSS that it has in memory; PHP nodes go on without the cache, and each may clean whenever it likes",
		Remedy:      "see whether the server runs, whether host and port are right, and whether a firewall is in between",
	}
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return redis.HasErrorPrefix(err, p) || strings.Contains(err.Error(), p) })
	}
	switch {
	case has("AUTH <password> called", "Client sent AUTH"):
		f.Code, f.What = "password_not_needed", "the address has a password, but the server has none: it refuses the login, to PHP nodes as well"
		f.Remedy = "remove the password from the address, or set one on the server (requirepass, or ACL SETUSER)"
	case has("NOAUTH"):
		f.Code, f.What = x.part+"_unauthorized", "the server wants a password, and the address has none"
		f.Remedy = "write it into the address: redis://user:password@host:6379, or redis://:password@host:6379 for the default user"
	case has("WRONGPASS", "invalid password", "invalid username-password"):
		f.Code, f.What = x.part+"_unauthorized", "the server refuses user and password of the address"
		f.Remedy = "correct them; characters such as @ / : # ? % are written as %40 %2F and so on in an address"
	case isRefused(err):
		word := connectionWord(err)
		f.Code, f.What = x.part+"_acl_words_missing", fmt.Sprintf("the user %s may not run %s, which a connection to this address needs", x.user(), word)
		f.Remedy = "ACL SETUSER " + x.user() + " +" + word
	case isTLS(err):
		f.Code = x.part + "_tls"
		f.Remedy = "write rediss:// for a server with TLS and redis:// for one without; the certificate must be valid for the host of the address, and ssl[cafile] name its authority"
	case has("DENIED"):
		f.Code, f.What = x.part+"_unauthorized", "the server is in protected mode: it has no password, and takes connections from its own host only"
		f.Remedy = "set a password on the server and in the address"
	case has("LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "max number of clients"):
		f.Code = x.part + "_unavailable"
		f.Remedy = "wait until the server has loaded its data or found its master; if it stays so, look into its log"
	}
	return f
}

// user returns the user of the address.
func (x *redisServer) user() string {
	if x.dsn.User == "" {
		return "default"
	}
	return x.dsn.User
}

// master is a server with a part of the keys, or all of them.
type master struct {
	name string // empty if it is the only one
	redis.Cmdable
}

// masters returns the servers that together have all keys.
func (x *redisServer) masters(ctx context.Context) (all []master) {
	cluster, ok := x.client.(*redis.ClusterClient)
	if !ok {
		return []master{{"", x.client}}
	}
	var mu sync.Mutex
	err := cluster.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, master{c.Options().Addr, c})
		return nil
	})
	if err != nil {
		x.result.add(x.unreachable(err))
	}
	slices.SortFunc(all, func(a, b master) int { return strings.Compare(a.name, b.name) })
	x.result.fact("masters", fmt.Sprint(len(all)))
	return all
}

// clock compares the clocks. Locks expire by that of the server.
func (x *redisServer) clock(ctx context.Context, m master) {
	ahead, accuracy, err := clockOf(ctx, func(ctx context.Context) (time.Time, error) { return m.Time(ctx).Result() })
	if err != nil {
		return // the rights say that TIME is missing
	}
	if x.result.part.Ahead == nil || ahead.Abs() > x.result.part.Ahead.Abs() {
		x.result.part.Ahead = &ahead
	}
	x.result.add(clockFinding(x.part, ahead, accuracy)...)
}
