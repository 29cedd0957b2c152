package connect

import (
	"path/filepath"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
)

// serveCSS makes the CSS handler, unless there is nothing to serve.
func (b *builder) serveCSS(p parts) {
	n, s := b.n, b.settings
	projects, store := b.node.projects, b.store()
	if projects == nil && p.db != nil {
		projects = projectdb.New(p.db, p.dialect)
	}
	switch {
	case projects == nil:
		b.logger.Warn("this node serves no css: it has no list of the projects")
		return
	case store == nil:
		b.logger.Warn("this node serves no css: it is in mosparo's directory, which is not named")
		return
	}
	opts := []csshttp.Option{
		csshttp.WithLogger(b.logger), csshttp.WithTrustedProxyFunc(s.Proxies.Trusted.Contains),
		csshttp.WithForwardedProto(s.Proxies.ForwardedProtoHeader),
	}
	if s.Dir != "" {
		opts = append(opts, csshttp.WithPublic(sharedfiles.FS(filepath.Join(s.Dir, "public"))))
	}
	if n.generator = b.newGenerator(store, projects); n.generator != nil {
		opts = append(opts, csshttp.WithGenerator(n.generator))
	}
	n.Projects, n.CSS = projects, csshttp.New(store, projects, append(opts, b.node.cssOptions...)...)
	n.onClose(n.CSS.Close)
}

// store is where mosparo keeps prepared CSS, nil if that is not known.
func (b *builder) store() cssstore.Store {
	switch {
	case b.node.store != nil:
		return b.node.store
	case b.settings.Cache.PrepareCSS:
		return cachestore.New(b.n.Pool, cachestore.WithLocker(b.n.Locker))
	case b.settings.Dir != "":
		return filestore.New(filepath.Join(b.settings.Dir, "public", "resources"), filestore.WithLocker(b.n.Locker), filestore.WithLogger(b.logger))
	}
	return nil
}

// newGenerator prepares CSS in the shared cache, where nodes agree on what they make
// it from; it returns nil if this node only observes or lacks the base CSS or the
// designs.
func (b *builder) newGenerator(store cssstore.Store, projects csshttp.Projects) *cssgen.Generator {
	n := b.n
	designs, ok := projects.(cssgen.Settings)
	if !ok || n.Mode != cleanup.ModeClean || !n.Settings.Cache.PrepareCSS || n.Settings.Dir == "" {
		return nil
	}
	return cssgen.New(store, n.Pool, n.Locker, cssgen.Inputs{Settings: designs, LoadBuild: n.loadBuild}, cssgen.WithLogger(b.logger))
}

// loadBuild reads the base CSS and mosparo's version as they are now.
func (n *Node) loadBuild() (cssgen.Build, error) {
	s, err := n.Settings.Reload()
	if err == nil {
		err = checkVersion(s)
	}
	if err != nil {
		return cssgen.Build{}, err
	}
	return cssgen.FromPublic(filepath.Join(s.Dir, "public"), s.InstalledVersion)()
}
