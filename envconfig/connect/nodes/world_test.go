package nodes_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// key is the encryption_key of the clusters of the tests.
const key = "dead000000000000000000000000000000000000000000000000000000000000"

// config is env.mosparo.php, with more settings.
func config(settings string) string {
	return "<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '1.5.4', 'encryption_key' => '" + key + "', " +
		"'database_password' => 'geheim', " + settings + "];"
}

// kernel is src/Kernel.php.
func kernel(version string) string {
	return "<?php class Kernel { const VERSION = '" + version + "'; }"
}

// install makes an installation of mosparo with these files, and returns its directory. The
// files have a time in the past, so that their hashes are remembered.
func install(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"config/env.mosparo.php": config(""), "src/Kernel.php": kernel("1.5.4")} {
		if _, ok := files[name]; !ok {
			write(t, dir, name, content)
		}
	}
	for name, content := range files {
		write(t, dir, name, content)
	}
	return dir
}

var longAgo = time.Date(1999, 3, 1, 12, 0, 0, 0, time.UTC)

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
	require.NoError(t, os.WriteFile(p, []byte(content), 0o644))
	require.NoError(t, os.Chtimes(p, longAgo, longAgo))
}

func load(t *testing.T, dir string) *envconfig.Settings {
	t.Helper()
	s, err := envconfig.Load(dir, nil)
	require.NoError(t, err)
	return s
}

// world is what the nodes of a cluster share.
type world struct {
	cache *cachetest.Faulty
	pool  *cache.Pool
	locks lock.Backend
}

func newWorld() *world {
	w := &world{cache: cachetest.NewFake(), locks: memorylocker.New()}
	w.pool = cache.NewPool(w.cache)
	return w
}

// registry returns the registry of a node, whose locker ends with the test.
func (w *world) registry(t *testing.T, dir string, opts ...nodes.Option) *nodes.Registry {
	t.Helper()
	l := lock.New(w.locks)
	t.Cleanup(l.Close)
	return nodes.New(w.pool, l, load(t, dir), opts...)
}

// start runs a node that takes part, until stop is called or the test ends.
func (w *world) start(t *testing.T, dir, host string, opts ...nodes.Option) (r *nodes.Registry, stop func()) {
	t.Helper()
	r = w.registry(t, dir, append([]nodes.Option{nodes.WithMode(cleanup.ModeClean), nodes.WithHost(host)}, opts...)...)
	return r, run(t, r)
}

func run(t *testing.T, r *nodes.Registry) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = func() {
		cancel()
		if err, ok := <-ended; ok {
			require.NoError(t, err)
			close(ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

func overview(t *testing.T, r *nodes.Registry) nodes.Overview {
	t.Helper()
	o, err := r.Overview(t.Context())
	require.NoError(t, err)
	return o
}

// hosts returns the names of the nodes, with what is special about them.
func hosts(all []nodes.Node) string {
	var names []string
	for _, n := range all {
		name := n.Host + ":" + string(n.Mode)
		if n.Self {
			name += ":self"
		}
		if n.Stopped {
			name += ":stopped"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// node returns the node with the name.
func node(t *testing.T, all []nodes.Node, host string) nodes.Node {
	t.Helper()
	i := slices.IndexFunc(all, func(n nodes.Node) bool { return n.Host == host })
	require.GreaterOrEqual(t, i, 0, "%s is not in %s", host, hosts(all))
	return all[i]
}

// withoutDir returns the registry of a node that takes part and knows no directory.
func (w *world) withoutDir(t *testing.T) *nodes.Registry {
	t.Helper()
	s, err := envconfig.FromEnviron([]string{"mosparo_installed_version=1.5.4"})
	require.NoError(t, err)
	l := lock.New(w.locks)
	t.Cleanup(l.Close)
	return nodes.New(w.pool, l, s, nodes.WithMode(cleanup.ModeClean))
}
