package connect

import (
	"context"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// checkVersion reports whether this module knows mosparo's version.
func checkVersion(s *envconfig.Settings) error {
	return cleanup.CheckVersion(s.Installed, s.InstalledVersion)
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
