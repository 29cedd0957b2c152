package main

import (
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
	"github.com/mosparo/go-cluster/lock"
)

// clusterCSS serves what the cluster has prepared, from the shared cache or
// from mosparo's folder, as the cluster's setting says. It prepares nothing.
func (n *node) clusterCSS(o options, pool *cache.Pool, locker *lock.Locker, dialect sqlcleaner.Dialect, log *slog.Logger) {
	var public fs.FS
	if o.dir != "" {
		public = sharedfiles.FS(filepath.Join(o.dir, "public"))
	}
	var store cssstore.Store
	switch {
	case n.settings.Cache.PrepareCSS:
		store = cachestore.New(pool, cachestore.WithLocker(locker))
	case o.dir == "":
		log.Warn("prepared css is in mosparo's directory, which --dir does not name: none is served")
		return
	default:
		store = filestore.New(filepath.Join(o.dir, "public", "resources"), filestore.WithLocker(locker), filestore.WithLogger(log))
	}
	n.serveCSS(store, projectdb.New(n.sql, dialect), public, log)
}

func (n *node) serveCSS(store cssstore.Store, projects *projectdb.DB, public fs.FS, log *slog.Logger) {
	opts := []csshttp.Option{csshttp.WithLogger(log), csshttp.WithTrustedProxyFunc(n.settings.Proxies.Trusted.Contains)}
	if header := n.settings.Proxies.ForwardedProtoHeader; strings.HasPrefix(header, "HTTP_") { // no other entry of $_SERVER is a header
		opts = append(opts, csshttp.WithForwardedProto(header))
	}
	if public != nil {
		opts = append(opts, csshttp.WithPublic(public))
	}
	n.projects = projects
	n.css = csshttp.New(store, projects, opts...)
	n.onClose(n.css.Close)
}
