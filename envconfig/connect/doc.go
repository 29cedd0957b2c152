// Package connect makes a node of a mosparo cluster from its settings. It does not
// promise that the servers that they name can be reached.
//
// [Open] assembles a whole node, [Node.Serve] runs it until it is told to stop:
//
//	settings, err := envconfig.Load("/path/to/mosparo", os.Environ())
//	node, err := connect.Open(ctx, settings) // observes; WithMode(cleanup.ModeClean) takes part
//	defer node.Close()
//	listener, err := connect.Listen(ctx, ":8080")
//	err = node.Serve(ctx, listener)
//
// Programs that assemble a node themselves open its parts: the shared cache with
// [Cache], the locks with [Lock] and the database with [Database], whose driver the
// application links. [CleanupPolicy] hands on the settings of the cleanup. [Redis] and
// [Memcached] give the bare clients.
//
// # Restarts
//
// A node that is told to stop drains; see [Node.Serve]. What a restart loses depends
// on what is before the node:
//
//   - With socket activation (see [Listen]) nothing, with any balancer.
//   - Behind a balancer that checks readiness, such as HAProxy, nothing, if
//     [WithDrain] is at least its interval × its failures + 1 s.
//   - Behind one that asks another node when one refuses a connection, as nginx does
//     by default, nothing, if the next node restarts after its fail_timeout (10 s):
//     until then nginx asks none that has refused one.
//   - Otherwise what is sent while the port is closed.
//
// # Weight
//
// It is the one package that imports all backends; programs that need a single
// one save their weight by calling its constructor themselves.
//
// Opening checks the settings and files (certificates, say) but sends
// nothing: whether a server can be reached is known at the first request, or
// from the Ping of the adapter. go-redis logs connections that fail and the
// changes of a Sentinel through one logger for the whole process, which writes to
// standard error: this package leaves it alone, and a program replaces it with a
// [RedisLogger].
package connect
