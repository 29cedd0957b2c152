package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache/memcachedadapter"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// memcached examines the servers of an address.
func (e *examination) memcached(ctx context.Context, d *dsn.Memcached, use usage) (r result) {
	part := use.part()
	r.part = Part{Name: part, Kind: "memcached", Server: showMemcached(d)}
	client, servers, err := connect.Memcached(d, e.connect...)
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) || !use.cache { // otherwise the settings show it
			r.add(cannotOpen(part, err))
		}
		return r
	}
	defer client.Close()
	latency, err := ping(ctx, func(context.Context) error { return client.Ping() })
	if err != nil {
		r.add(memcachedUnreachable(part, r.part.Server, err))
		return r
	}
	r.part.Latency = latency
	r.add(latencyFinding(part, latency)...)
	x := memcachedServers{client, servers, part, &r}
	x.stats(ctx)
	if use.locks {
		r.add(Finding{
			Code: part + "_best_effort_locks", Severity: Note, Subject: part, What: "the locks are on memcached, which may drop an entry at any time",
			Consequence: "two Go nodes may believe that they hold a lock; the cleanup notices it by the marker and the rows of the runs, other jobs of yours do not",
			Remedy:      "give the locks of all Go nodes a Redis server (WithLockURL, --lock-url) if your jobs must not overlap",
		})
	}
	return r
}

func showMemcached(d *dsn.Memcached) string {
	all := make([]string, len(d.Servers))
	for i, h := range d.Servers {
		all[i] = h.String()
	}
	return strings.Join(all, ", ")
}

func memcachedUnreachable(part, server string, err error) Finding {
	f := Finding{
		Code: part + "_unreachable", Severity: Error, Subject: part, What: fmt.Sprintf("%s cannot be reached: %v", server, err),
		Consequence: "the entries of that server are missing: a Go node does not clean, and PHP nodes go on without the cache",
		Remedy:      "see whether every server of the address runs, and whether a firewall is in between",
	}
	if text := err.Error(); strings.Contains(text, "unauthenticated") || strings.Contains(text, "authentication") || strings.Contains(text, "refuses user and password") {
		f.Code, f.Remedy = part+"_unauthorized", "give user and password to all nodes (connect.WithMemcachedLogin), or start memcached without -Y and protect it by the network"
	}
	return f
}

// memcachedServers is the examination of the servers.
type memcachedServers struct {
	client  *memcache.Client
	servers *memcachedadapter.Servers
	part    string
	result  *result
}

// stats reads the statistics of each server.
func (x *memcachedServers) stats(ctx context.Context) {
	evicted, several := uint64(0), len(x.servers.List()) > 1
	_ = x.servers.Each(func(addr net.Addr) error {
		stats, err := x.ask(ctx, addr)
		if err != nil {
			return nil //nolint:nilerr // a proxy has no statistics
		}
		x.result.part.Version = stats["version"]
		n := number(stats["evictions"])
		evicted += n
		prefix := ""
		if several {
			prefix = addr.String() + " "
		}
		for _, name := range []string{"limit_maxbytes", "bytes", "curr_items", "evictions", "uptime"} {
			x.result.fact(prefix+name, stats[name])
		}
		return nil
	})
	if evicted > 0 {
		x.result.add(Finding{
			Code: x.part + "_evicts", Severity: Warning, Subject: x.part,
			What:        fmt.Sprintf("memcached has removed %d entries before their time, since its memory was full", evicted),
			Consequence: "the schedule of the cleanup, prepared CSS and locks may vanish as well",
			Remedy:      "start memcached with more memory (-m), or do not share it with other applications",
		})
	}
}

// maxStats is the largest reply that is read.
const maxStats = 64 << 10

// ask sends "stats" on a connection of its own.
func (x *memcachedServers) ask(ctx context.Context, addr net.Addr) (map[string]string, error) {
	dial, cancel := context.WithTimeout(ctx, x.client.Timeout)
	defer cancel()
	conn, err := x.client.DialContext(dial, addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(x.client.Timeout)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "stats\r\n"); err != nil {
		return nil, err
	}
	stats := map[string]string{}
	for lines := bufio.NewScanner(io.LimitReader(conn, maxStats)); lines.Scan(); {
		if lines.Text() == "END" {
			return stats, nil
		}
		words := strings.Fields(lines.Text())
		if len(words) < 3 || words[0] != "STAT" {
			break
		}
		stats[words[1]] = words[2]
	}
	return nil, errors.New("no statistics")
}

// hasVersion reports whether the servers have a namespace version.
func (e *examination) hasVersion(d *dsn.Memcached) bool {
	client, servers, err := connect.Memcached(d, e.connect...)
	if err != nil {
		return false
	}
	defer client.Close()
	_, err = client.Get(memcachedadapter.New(client, servers).VersionKey())
	return err == nil
}
