package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	_ "modernc.org/sqlite"             // driver sqlite

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/lock"
)

// clusterArgs are the flags of commands that need cache and database.
const clusterArgs = "[--dir DIR] [--dsn URL] [--zone ZONE] [--lock-url URL]"

// clusterFlags are the flags that name the cluster.
type clusterFlags struct {
	dir, dsn, zone, locks string
}

// cacheFlags registers the flags of commands that only need the cache.
func (c *clusterFlags) cacheFlags(flags *flag.FlagSet) {
	flags.StringVar(&c.dir, "dir", "", dirHelp)
}

func (c *clusterFlags) register(flags *flag.FlagSet) {
	c.cacheFlags(flags)
	flags.StringVar(&c.dsn, "dsn", "", "the cluster's own database, instead of mosparo's settings: mysql://user:password@host:port/name, postgres://… or sqlite:///path; ?name=value&… are parameters of the Go driver")
	flags.StringVar(&c.zone, "zone", "UTC", "PHP's ini setting date.timezone of the cluster's PHP nodes")
	flags.StringVar(&c.locks, "lock-url", "", "the server of the Go nodes' locks, if it is not the cache server")
}

// settings reads the settings, with those of the database from --dsn if it is given.
func (c *clusterFlags) settings(environ []string) (*envconfig.Settings, error) {
	if c.dsn != "" {
		vars, err := databaseVars(c.dsn)
		if err != nil {
			return nil, err
		}
		environ = append(append([]string{}, environ...), vars...)
	}
	if c.dir == "" {
		return envconfig.FromEnviron(environ)
	}
	return envconfig.Load(c.dir, environ)
}

// databaseVars converts a database URL to mosparo's variables. Its errors contain no part
// of the URL but the scheme.
func databaseVars(dsn string) ([]string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, usageError{"--dsn is not a URL"}
	}
	kind := map[string][2]string{
		"mysql": {"pdo_mysql", "3306"}, "mariadb": {"pdo_mysql", "3306"},
		"postgres": {"pdo_pgsql", "5432"}, "postgresql": {"pdo_pgsql", "5432"}, "sqlite": {"pdo_sqlite", ""},
	}[u.Scheme]
	switch {
	case kind[0] == "":
		return nil, usageError{fmt.Sprintf("--dsn begins with mysql://, postgres:// or sqlite:///, not %q", u.Scheme)}
	case u.Fragment != "":
		return nil, usageError{"--dsn has no part after a #"}
	case u.Scheme == "sqlite" && (u.Host != "" || !path.IsAbs(u.Path)):
		return nil, usageError{"--dsn of SQLite is sqlite:///absolute/path"}
	case u.Scheme == "sqlite":
		return []string{"database_driver=" + kind[0], "database_path=" + u.Path}, nil
	}
	port := u.Port()
	if port == "" {
		port = kind[1]
	}
	password, _ := u.User.Password()
	return []string{
		"database_driver=" + kind[0], "database_host=" + u.Hostname(), "database_port=" + port,
		"database_name=" + strings.TrimPrefix(u.Path, "/"), "database_user=" + u.User.Username(), "database_password=" + password,
	}, nil
}

// databaseParameters returns the parameters of a database URL, for the driver.
func databaseParameters(dsn string) (url.Values, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, usageError{"--dsn is not a URL"}
	}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, usageError{"the parameters of --dsn are not name=value&name=value"}
	}
	return params, nil
}

// cluster is the cluster that the flags name.
type cluster struct {
	flags     *clusterFlags
	app       *app
	settings  *envconfig.Settings
	connect   []connect.Option
	adapter   cache.Adapter
	pool      *cache.Pool
	locks     lock.Backend
	locker    *lock.Locker
	db        *sqlcleaner.DB
	scheduler *cleanup.Scheduler
	closers   []func() error
}

func (c *cluster) onClose(f func() error) { c.closers = append(c.closers, f) }

func (c *cluster) close() {
	for i := len(c.closers) - 1; i >= 0; i-- {
		_ = c.closers[i]() // the command has reported what matters
	}
}

// openPool opens only the cache.
func (a *app) openPool(flags *clusterFlags) (*cluster, error) {
	s, err := flags.settings(a.environ)
	if err != nil {
		return nil, err
	}
	c := &cluster{flags: flags, app: a, settings: s}
	if c.connect, err = a.connectOptions(); err != nil {
		return nil, err
	}
	if c.adapter, err = connect.Cache(s, c.connect...); err != nil {
		return nil, err
	}
	c.onClose(c.adapter.Close)
	c.pool = cache.NewPool(c.adapter)
	return c, nil
}

// openCluster opens cache, database and locks, and creates a scheduler.
func (a *app) openCluster(flags *clusterFlags, mode cleanup.Mode, opts ...cleanup.Option) (*cluster, error) {
	zone, err := time.LoadLocation(flags.zone)
	if err != nil {
		return nil, usageError{"--zone: " + err.Error()}
	}
	c, err := a.openPool(flags)
	if err != nil {
		return nil, err
	}
	if err := c.open(zone, mode, opts); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// open opens database and locks, and creates the scheduler.
func (c *cluster) open(zone *time.Location, mode cleanup.Mode, opts []cleanup.Option) error {
	db, dialect, err := c.openDatabase()
	if err != nil {
		return err
	}
	log := c.app.warnings()
	lockOpts := slices.Clone(c.connect)
	if url := c.flags.locks; url != "" {
		lockOpts = append(lockOpts, connect.WithLockURL(url))
	}
	backend, closer, err := connect.Lock(c.settings, lockOpts...)
	if err != nil {
		return err
	}
	c.onClose(closer.Close)
	c.locks, c.locker = backend, lock.New(backend)
	c.onClose(func() error { c.locker.Close(); return nil })
	c.db = sqlcleaner.New(db, dialect, sqlcleaner.WithZone(zone), sqlcleaner.WithLogger(log), sqlcleaner.WithProgress(c.app.progress))
	opts = append([]cleanup.Option{
		cleanup.WithMode(mode), cleanup.WithPolicy(connect.CleanupPolicy(c.settings)),
		cleanup.WithLogger(log), cleanup.WithCallTimeout(c.app.timeout), cleanup.WithCheck(c.checkVersion),
	}, opts...)
	c.scheduler = cleanup.New(c.pool, c.locker, c.db, opts...)
	return nil
}

// checkVersion reads the settings again: mosparo may be updated meanwhile.
func (c *cluster) checkVersion(context.Context, cleanup.Snapshot) error {
	s, err := c.flags.settings(c.app.environ)
	if err != nil {
		return fmt.Errorf("mosparo's version is unknown: %w", err)
	}
	return cleanup.CheckVersion(s.Installed, s.InstalledVersion)
}

// warnings returns a logger of warnings to standard error.
func (a *app) warnings() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// openDatabase opens mosparo's database.
func (c *cluster) openDatabase() (*sql.DB, sqlcleaner.Dialect, error) {
	params, err := databaseParameters(c.flags.dsn)
	if err != nil {
		return nil, 0, err
	}
	db, driver, err := connect.Database(c.settings, mysqlconnector.New, append(slices.Clone(c.connect), connect.WithDatabaseParameters(params))...)
	if errors.Is(err, envconfig.ErrNotConfigured) {
		return nil, 0, fmt.Errorf("%w; name mosparo's directory with --dir, or the database with --dsn", err)
	}
	if err != nil {
		return nil, 0, err
	}
	c.onClose(db.Close)
	dialect, err := sqlcleaner.DialectOf(driver)
	return db, dialect, err
}
