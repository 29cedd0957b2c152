// Package connect assembles a node of a mosparo cluster from its settings: the cleanup,
// the CSS of the projects and the health checks, on the cluster's own cache, locks and
// database. It sends nothing before the node runs, so it does not promise that the
// servers can be reached.
//
//	settings, err := envconfig.Load("/path/to/mosparo", os.Environ())
//	node, err := connect.Open(ctx, settings) // observes; WithMode(cleanup.ModeClean) takes part
//	defer node.Close()
//	listener, err := connect.Listen(ctx, ":8080")
//	err = node.Serve(ctx, listener) // until ctx ends; then it drains
//
// The program imports the driver of its database (see [dsn.Connection]); the error of
// [Open] names an import that is missing.
//
// # Tests on fakes
//
// Options replace the parts of the node, so that a test runs the same node in a
// [testing/synctest] bubble, without a server. Without a directory, a node cleans and
// serves CSS if the settings name a version of mosparo and the shared cache:
//
//	settings, err := envconfig.FromEnviron([]string{
//		"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
//	})
//	node, err := connect.Open(ctx, settings, connect.WithMode(cleanup.ModeClean),
//		connect.WithCache(memoryadapter.New()), connect.WithLock(memorylocker.New()),
//		connect.WithDatabase(cleanuptest.NewFake()), connect.WithProjects(projects)) // a csshttp.Projects
//	go node.Run(ctx)
//	r := httptest.NewRequest("GET", "/readyz", nil)
//	r.RemoteAddr = "127.0.0.1:1" // on MOSPARO_HEALTH_ALLOW_LIST
//	node.Handler().ServeHTTP(httptest.NewRecorder(), r)
//
// # Assembly by hand
//
// A program that needs only some of the parts opens them itself. Close the parts in
// reverse order of opening. The locker must be closed before the client of its backend,
// since it releases its leases:
//
//	db, driver, err := connect.Database(settings, nil)
//	defer db.Close()
//	dialect, err := sqlcleaner.DialectOf(driver)
//	adapter, err := connect.Cache(settings)
//	defer adapter.Close()
//	pool := cache.NewPool(adapter)
//	backend, closer, err := connect.Lock(settings)
//	defer closer.Close()
//	locker := lock.New(backend)
//	defer locker.Close()
//	css := csshttp.New(cachestore.New(pool), projectdb.New(db, dialect))
//	defer css.Close()
//	scheduler := cleanup.New(pool, locker, sqlcleaner.New(db, dialect))
//	err = scheduler.Run(ctx) // until ctx ends; it has nothing to close
//
// [CleanupPolicy] converts the settings of the cleanup. [Redis] and [Memcached] return
// the bare clients.
//
// # Rolling restarts
//
// A node that is told to stop drains; see [Node.Serve]. Whether a restart loses requests
// depends on what is in front of the node:
//
//   - With socket activation (see [Listen]) it loses none, behind any balancer.
//   - Behind a balancer that checks readiness, such as HAProxy, it loses none if
//     [WithDrain] is at least the balancer's interval × its failures + 1 s.
//   - Behind a balancer that repeats a refused request on another node, as nginx does by
//     default, it loses none if the next node restarts after nginx's fail_timeout
//     (10 s): until then nginx sends nothing to a node that has refused a connection.
//   - Otherwise it loses the requests that arrive while the port is closed.
//
// # Dependencies
//
// This package links all backends. A program that needs a single one links less if it
// calls the constructor of that backend instead.
//
// # The logger of go-redis
//
// go-redis logs failed connections and the changes of a Sentinel through one logger for
// the whole process, which writes to standard error. This package does not change it; a
// program may replace it with a [RedisLogger].
package connect
