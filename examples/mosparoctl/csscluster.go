package main

import (
	"flag"
	"path/filepath"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// cssClusterArgs are the flags of commands that need the projects and their stored CSS.
const cssClusterArgs = "[--dsn URL] [--public DIR]"

// cssClusterFlags are the flags that name the cluster.
type cssClusterFlags struct {
	clusterFlags
	public   string
	mappings bool
}

func (f *cssClusterFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.dsn, "dsn", "", "the cluster's own database, instead of mosparo's settings: mysql://user:password@host:port/name, postgres://… or sqlite:///path; ?name=value&… are parameters of the Go driver")
	flags.StringVar(&f.public, "public", "", "mosparo's folder public; the default is the one in --dir")
}

// cssCluster is a cluster with its projects and the store of its settings.
type cssCluster struct {
	*cluster
	projects *projectdb.DB
	store    cssstore.Store
	// files is the store in public/resources; nil if the folder public is not known.
	files  *filestore.Store
	public string
	// resources is the folder of files.
	resources string
}

func (a *app) openCSSCluster(f *cssClusterFlags, writes bool) (*cssCluster, error) {
	f.dir = a.dir
	pool, err := a.openPool(&f.clusterFlags)
	if err != nil {
		return nil, err
	}
	c := &cssCluster{cluster: pool, public: f.public}
	if c.public == "" && f.dir != "" {
		c.public = filepath.Join(f.dir, "public")
	}
	if err := c.open(f, writes); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *cssCluster) open(f *cssClusterFlags, writes bool) error {
	db, dialect, err := c.openDatabase()
	if err != nil {
		return err
	}
	c.projects = projectdb.New(db, dialect)
	if writes {
		backend, closer, err := connect.Lock(c.settings, c.connect...)
		if err != nil {
			return err
		}
		c.onClose(closer.Close)
		c.locker = lock.New(backend)
		c.onClose(func() error { c.locker.Close(); return nil })
	}
	if c.public != "" {
		opts := []filestore.Option{filestore.WithLocker(c.locker)}
		if f.mappings {
			opts = append(opts, filestore.WithMappings())
		}
		c.resources = filepath.Join(c.public, "resources")
		c.files = filestore.New(c.resources, opts...)
	}
	switch {
	case c.shared():
		c.store = cachestore.New(c.pool, cachestore.WithLocker(c.locker))
	case c.files == nil:
		return usageError{"prepared css is in files: name mosparo's directory with --dir, or its folder public with --public"}
	default:
		c.store = c.files
	}
	return nil
}

// shared reports whether prepared CSS is in the shared cache.
func (c *cssCluster) shared() bool { return c.settings.Cache.PrepareCSS }
