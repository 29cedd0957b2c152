package connect

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// checkSettings is a check of the scheduler. It reads the settings again, since mosparo
// may be updated while this node runs, and PHP nodes use changed settings from the next
// request on: with the old ones this node would delete what they keep, or plan the cleanup of
// a database that it does not clean.
func (n *Node) checkSettings(context.Context, cleanup.Snapshot) error {
	s, err := n.Settings.Reload()
	if err != nil {
		return fmt.Errorf("mosparo's version is unknown: %w", err)
	}
	if err := checkVersion(s); err != nil {
		return err
	}
	changed := ""
	switch {
	case s.Cleanup != n.loaded.Cleanup:
		changed = "cleanup"
	case n.opened.database && !isSameDatabase(s.Database, n.loaded.Database):
		changed = "database"
	case n.opened.cache && !isSameCache(s.Cache, n.loaded.Cache):
		changed = "shared cache"
	default:
		return nil
	}
	return fmt.Errorf("%w: mosparo's settings of the %s have changed since this node was opened; restart it", cleanup.ErrRefused, changed)
}

// isSameDatabase compares where two databases are, and not how PHP connects and logs in.
func isSameDatabase(a, b *dsn.Database) bool {
	if a == nil || b == nil {
		return a == b
	}
	isSQLite := func(d *dsn.Database) bool { return strings.Contains(d.Driver, "sqlite") }
	if isSQLite(a) || isSQLite(b) {
		return isSQLite(a) && isSQLite(b) && a.Path == b.Path
	}
	return strings.TrimPrefix(a.Driver, "pdo_") == strings.TrimPrefix(b.Driver, "pdo_") && a.Host == b.Host && a.Port == b.Port && a.Name == b.Name
}

// isSameCache compares where two caches are and what selects the server of a key, and not
// how to log in, how long to wait, or the address of an adapter that is not used.
func isSameCache(a, b envconfig.Cache) bool {
	return a.Adapter == b.Adapter && reflect.DeepEqual(placeOf(a), placeOf(b))
}

// placeOf returns what says where entries are kept.
func placeOf(c envconfig.Cache) any {
	switch {
	case c.Adapter == envconfig.AdapterRedis && c.Redis != nil:
		r := c.Redis
		hosts := slices.Clone(r.Hosts)
		if r.Sentinel != "" || r.Cluster { // any of them names the servers
			slices.SortFunc(hosts, func(a, b dsn.Host) int { return strings.Compare(a.String(), b.String()) })
		}
		return dsn.Redis{Hosts: hosts, Database: r.Database, Sentinel: r.Sentinel, Cluster: r.Cluster}
	case c.Adapter == envconfig.AdapterMemcached && c.Memcached != nil:
		m := c.Memcached
		return dsn.Memcached{Servers: m.Servers, Distribution: m.Distribution, Hash: m.Hash, PrefixKey: m.PrefixKey}
	}
	return c.FilesystemPath
}

// loadedAgain returns what the files of s say now, which later changes are compared with:
// the program may have changed s on purpose, such as the address of a tunnel. It returns s
// if the files have changed meanwhile.
func loadedAgain(s *envconfig.Settings) *envconfig.Settings {
	now, err := s.Reload()
	if err != nil || !slices.Equal(slices.Collect(now.Variables()), slices.Collect(s.Variables())) {
		return s
	}
	return now
}
