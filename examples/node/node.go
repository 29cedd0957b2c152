package main

import (
	"context"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	_ "modernc.org/sqlite"             // driver sqlite

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
)

// node is the node of this program.
type node struct {
	*connect.Node
	demo    bool
	shared  bool  // other nodes may share the demonstration
	public  fs.FS // the demonstration's folder public
	metrics *metrics.Registry
	examine func(context.Context) doctor.Report // nil in a demonstration
	work    []func(context.Context)             // runs while the node serves
	closers []func() error
}

// close closes everything in the reverse order.
func (n *node) close(log *slog.Logger) {
	if n.Node != nil {
		n.closers = append(n.closers, n.Close)
	}
	for _, f := range slices.Backward(n.closers) {
		if err := f(); err != nil {
			log.Warn("closing failed", slog.Any("error", err))
		}
	}
}

// errNoDatabase reports settings that name only half of a cluster. A node that scheduled
// cleanups in the cluster's cache without cleaning its database would stop the cleanup of
// that cluster.
var errNoDatabase error = usageError{"the settings name a shared cache and no database: a node does not use the cache of a cluster without the cluster's own database; name mosparo's directory with --dir"}

// errNothingNamed reports settings without a cluster. Falling back to a demonstration
// would answer the health check of a balancer.
var errNothingNamed error = usageError{"no cluster is named: give mosparo's directory with --dir or set mosparo's environment variables, or run a demonstration with --demo"}

// assemble opens the node of a cluster or of a demonstration.
func assemble(ctx context.Context, o options, environ []string, log *slog.Logger) (*node, error) {
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return nil, usageError{"--zone: " + err.Error()}
	}
	if o.demo && o.dir != "" {
		return nil, errDemoOnCluster
	}
	s, err := envconfig.FromEnviron(environ)
	if o.dir != "" {
		s, err = envconfig.Load(o.dir, environ)
	}
	if err != nil {
		return nil, err
	}
	named := s.Variable("MOSPARO_CACHE_ADAPTER").IsSet() || s.Cache.FilesystemPath != "" || s.Variable("REDIS_URL").IsSet() || s.Variable("MEMCACHED_URL").IsSet()
	configured := s.Database != nil || o.dir != ""
	registry := metrics.NewRegistry()
	opts := append(metrics.Options(registry), connect.WithLogger(log), connect.WithDrain(o.drain),
		connect.WithNodesOptions(nodes.WithHost(o.host), nodes.WithMayDiffer(strings.FieldsFunc(o.mayDiffer, isSeparator)...)))
	switch {
	case o.demo && (configured || named):
		return nil, errDemoOnCluster
	case o.demo:
		return demonstrate(ctx, o, environ, log, registry, opts)
	case !configured && named:
		return nil, errNoDatabase
	case !configured:
		return nil, errNothingNamed
	}
	mode := cleanup.ModeObserve
	if o.clean {
		mode = cleanup.ModeClean
	}
	n, err := connect.Open(ctx, s, append(opts, connect.WithMode(mode), connect.WithZone(zone), connect.WithMySQLTLS(mysql.RegisterTLSConfig))...)
	return &node{Node: n, metrics: registry, examine: examination(s, zone, mode)}, err
}

// examination returns the function that looks for what is wrong with the node, with the
// settings as they are then. A node that observes needs no rights to write.
func examination(s *envconfig.Settings, zone *time.Location, mode cleanup.Mode) func(context.Context) doctor.Report {
	return func(ctx context.Context) doctor.Report {
		now, err := s.Reload()
		if err != nil {
			now = s
		}
		return doctor.Examine(ctx, now, doctor.WithMySQL(mysqlconnector.New), doctor.WithZone(zone), doctor.WithMode(mode))
	}
}

// isSeparator reports whether a character stands between the names of a list.
func isSeparator(r rune) bool { return r == ',' || r == ' ' }
