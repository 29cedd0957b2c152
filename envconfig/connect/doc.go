// Package connect assembles a node of a mosparo cluster from its settings: the cleanup,
// the CSS of the projects and the health checks, on the cluster's own cache, locks and
// database. It sends nothing before the node runs, so [Open] succeeds also while the
// servers are down.
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
// # Other nodes
//
// A node that cleans keeps a record of itself in the shared cache and reads those of the
// others; one that observes only reads. Node.Nodes shows them, with the settings and files
// in which they differ; see package nodes:
//
//	overview, err := node.Nodes.Overview(ctx)
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
//	db, driver, err := connect.Database(settings, nil) // or mysqlconnector.New, for MySQL with TLS and its log
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
//	scheduler := cleanup.New(pool, locker, sqlcleaner.New(db, dialect), cleanup.WithPolicy(connect.CleanupPolicy(settings))) // observes
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
//
// # The log
//
// All packages of this module use the same names of attributes; a message never contains
// values. Durations are [slog.Duration] values, which slog writes to JSON in nanoseconds.
// The ids are in the lines of everything that happens in a request or a run, and the
// observers find them in the context of an event:
//
//	request_id           of a request; see requestid.FromContext
//	run_id               of a cleanup: its row in mosparo's table; see cleanup.RunID
//
// The others:
//
//	adapter              value of MOSPARO_CACHE_ADAPTER
//	address              of a client
//	check                name of a health check
//	column               of the database
//	delay                of a cleanup after the time at which it was due
//	deleted_rows         number of deleted rows in all tables
//	deleted_submissions  likewise, of submissions
//	deleted_tokens       likewise, of submit tokens
//	difference           of two stores of CSS: missing, stale or orphaned; of nodes: in a sentence
//	dir                  path of a directory
//	drain                how long a node goes on serving before it stops
//	due                  time at which a cleanup is due
//	duration             of a cleanup or a request
//	entries              number of entries
//	error                why something failed
//	exclusive            whether the backend of the locks has one holder at a time
//	executor             what started a cleanup, such as frontend_api or command
//	file, file_mode      path and mode of a file
//	grace                grace period, in which the cron job comes first
//	hash                 of the design of a project
//	hold                 how long a lock was held
//	host                 name of a host
//	if_proxy             what to set if the client is a proxy
//	key                  of the shared cache
//	lock                 name of a lock
//	message              what a driver or a client library has to say
//	method               of a request
//	mode                 observe or clean
//	namespace_version    of Symfony's cache on memcached
//	operation            get, set or delete
//	outage               how long the shared cache has failed
//	overlap              two cleanups that ran at the same time
//	path                 of a request
//	pid                  id of a process
//	project              UUID of a project
//	reason               why a cleanup is due, or why a node only observes
//	requests             number of requests
//	result               of a cleanup or of an operation on the shared cache
//	row_id               id of a row
//	server               address of a server
//	setting              name of a setting
//	shared               whether all processes share the backend of the locks
//	stack                of a panic
//	started              time at which a cleanup started
//	state                sent to the service manager
//	status               of a response
//	stop_reason          why a cleanup stopped early
//	stored_time          time in the database, as it is stored
//	table                of the database
//	to_allow             setting that would allow a client
//	warning              what is wrong with a setting
package connect
