package connect

import (
	"context"
	"fmt"
	"reflect"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// checkVersion reports whether this module knows mosparo's version.
func checkVersion(s *envconfig.Settings) error {
	return cleanup.CheckVersion(s.Installed, s.InstalledVersion)
}

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
	case s.Cleanup != n.Settings.Cleanup:
		changed = "cleanup"
	case n.opened.database && !isSameDatabase(s.Database, n.Settings.Database):
		changed = "database"
	case n.opened.cache && !isSameCache(s.Cache, n.Settings.Cache):
		changed = "shared cache"
	default:
		return nil
	}
	return fmt.Errorf("%w: mosparo's settings of the %s have changed since this node was opened; restart it", cleanup.ErrRefused, changed)
}

// isSameDatabase compares where two databases are, and not how to log in.
func isSameDatabase(a, b *dsn.Database) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Driver == b.Driver && a.Host == b.Host && a.Port == b.Port && a.Name == b.Name && a.Path == b.Path
}

// isSameCache compares two caches without what is kept in them.
func isSameCache(a, b envconfig.Cache) bool {
	a.PrepareCSS = b.PrepareCSS
	return reflect.DeepEqual(a, b)
}

// installation returns the state of mosparo for its health check. While the settings
// cannot be read, those of the start count.
func (n *Node) installation(context.Context) health.Installation {
	s, err := n.Settings.Reload()
	if err != nil {
		s = n.Settings
	}
	switch {
	case !s.Installed:
		return health.NotInstalled
	case checkVersion(s) != nil:
		return health.UpdateNotFinished
	}
	return health.Installed
}
