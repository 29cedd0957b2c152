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

// CSSSource is where a node reads prepared CSS. Its value is a label of metrics.
type CSSSource string

// The sources of prepared CSS.
const (
	CSSNone        CSSSource = "none"         // the node serves no CSS
	CSSSharedCache CSSSource = "shared_cache" // MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE is on
	CSSFiles       CSSSource = "files"        // mosparo's folder public/resources
	CSSCustom      CSSSource = "custom"       // the store of [WithStore]
)

// serveCSS adds the CSS handler, unless the node has nothing to serve from.
func (b *builder) serveCSS(p parts) {
	n, s := b.n, b.settings
	projects := b.node.projects
	store, source := b.store()
	if projects == nil && p.db != nil {
		projects = projectdb.New(p.db, p.dialect, projectdb.WithObserver(b.node.databaseObserver))
	}
	switch {
	case projects == nil:
		b.logger.Warn("this node serves no css: it has no list of the projects; give one with WithProjects, or a database with WithSQL")
		return
	case store == nil:
		b.logger.Warn("this node serves no css: prepared css is in mosparo's directory, which the settings do not name; set MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1, or give a store with WithStore")
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
	n.CSSSource = source
	n.Projects, n.CSS = projects, csshttp.New(store, projects, append(opts, b.node.cssOptions...)...)
	n.onClose(n.CSS.Close)
}

// store returns the store in which mosparo keeps prepared CSS, nil if the settings do
// not say where that is.
func (b *builder) store() (cssstore.Store, CSSSource) {
	switch {
	case b.node.store != nil:
		return b.node.store, CSSCustom
	case b.settings.Cache.PrepareCSS:
		return cachestore.New(b.n.Pool, cachestore.WithLocker(b.n.Locker)), CSSSharedCache
	case b.settings.Dir != "":
		return filestore.New(filepath.Join(b.settings.Dir, "public", "resources"), filestore.WithLocker(b.n.Locker), filestore.WithLogger(b.logger)), CSSFiles
	}
	return nil, CSSNone
}

// newGenerator returns nil if this node prepares no CSS: it observes, it lacks the base
// CSS or the design settings, or prepared CSS is in files, where PHP nodes prepare it.
// In the shared cache nodes agree on the base CSS; see package cssgen.
func (b *builder) newGenerator(store cssstore.Store, projects csshttp.Projects) *cssgen.Generator {
	n := b.n
	designs, ok := projects.(cssgen.Settings)
	if !ok || n.Mode != cleanup.ModeClean || !n.Settings.Cache.PrepareCSS || n.Settings.Dir == "" {
		return nil
	}
	return cssgen.New(store, n.Pool, n.Locker, cssgen.Inputs{Settings: designs, LoadBuild: n.loadBuild}, cssgen.WithLogger(b.logger))
}

// loadBuild reads mosparo's version and base CSS again: mosparo may have been updated.
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
