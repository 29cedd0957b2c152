// Package cleanup runs the cleanup of mosparo's database on a Go node: at the time
// at which mosparo plans it, among Go nodes exactly once if their lock backend is
// shared and exclusive, and without colliding with a PHP node. It does not promise
// that two PHP nodes never clean at the same time: they do, and it reports that.
//
// A [Scheduler] needs the shared cache, a locker and the [Database]; package
// sqlcleaner has the one for mosparo's tables. Without options it observes with
// mosparo's default [Policy]: it reads, logs what it would do, and writes nothing.
//
// A run is one cleanup by one node, whether it is under way or over. [Run] is what
// mosparo's table cleanup_statistic knows of it.
//
// # Guarantees
//
// A run under the lock goes through these phases:
//
//   - snapshot: schedule, marker and statistics are read, now that no other Go node
//     can change them;
//   - recovery: the run of a crashed Go node is ended, and continued if it has left
//     work;
//   - announce: marker and row are written in mosparo's order; after the guard time
//     ([WithGuard]) the statistics are read again, and the node withdraws if a PHP
//     node has begun;
//   - clean: the database deletes in rounds, between which the statistics are read
//     again, while a heartbeat keeps marker and row fresh for PHP nodes;
//   - finish: the next time and the end of the run are saved.
//
// After any failure a run leaves a state from which any node, PHP or Go, goes on.
//
// Checks keep a node from cleaning where it might do harm: those of the database
// ([Checker]), and [WithCheck], with which a program asks for mosparo's version
// ([CheckVersion]). They are asked when [Scheduler.Run] starts and before each run.
//
// # Keys in the shared cache
//
//	key                       value             lifetime        written by
//	mosparoNextCleanup        DateTime          none            PHP and Go
//	mosparoAdditionalCleanup  DateTime or null  none            PHP and Go
//	mosparoCleanupStartedAt   DateTime or null  none            PHP and Go
//	mosparoGoCleanup          record of a run   1 day           Go, during a run
//	mosparoGoRuns             nodes of runs     30 days         Go, after a run
//	mosparoGoPause            Pause             until its end,  Go, by an operator
//	                                            at most 1 day
//
// PHP nodes ignore the keys of Go nodes. So a pause ([PauseAll]) stops Go nodes
// only: for maintenance without any cleanup PHP nodes have to be stopped, too. The
// lock [LockName] lies in the lock backend.
//
// Go nodes of several versions may share a cache. A record or a pause in a form
// that a node does not know is a newer node's: the node neither cleans nor removes
// it until the entry is gone, and says so in log and status. A history in such a
// form is left as it is. The history covers the time since its oldest entry; it
// begins anew when the cache loses it, and the nodes of earlier runs are unknown
// then.
//
// # Crash recovery
//
// A run keeps a record of its marker and row. The next Go node that gets the lock
// ends the run of a crashed node and continues it immediately. PHP nodes continue
// when marker and row are too old for them: five minutes or one unfinished interval
// after the last heartbeat, whichever is longer. A lock server that loses its data starts no second run: the
// record says until when the holder may not know. Where neither lock nor record is
// left, the row in the statistics keeps others from starting for one unfinished
// interval.
//
// A cleaner that does not begin its next round within an hour, because a statement
// hangs, is cancelled, and its heartbeat stops.
//
// # Clock assumptions
//
// Zones are at most 26 hours apart. A run in the statistics whose time is further
// ahead was written by a wrong clock: PHP waits for its time, a Go node ignores it
// and warns. A run less far ahead counts as for PHP, since it may be of another
// zone. Dates in the cache have their zone: one that no policy can have planned
// counts as not set, as does a marker more than five minutes ahead.
//
// A date in a zone that this process does not know, for want of a zone database,
// counts as set: PHP can read it. Attempts end as [ResultUnavailable] then, and the
// error names the zone and the remedy, the import of time/tzdata.
//
// # Known races
//
// The cache has no compare-and-delete. Between a node's read of the marker and its
// write lie microseconds in which a PHP node may write its own; that marker is lost
// then, and only the PHP node's row in the statistics keeps others from starting. A
// PHP node that stalls for longer than the guard time between its read and its row
// is noticed between two rounds, and the Go node stops; if the Go node was done by
// then, both have cleaned, one after the other. A row whose insertion was in doubt
// for longer than the database took to answer stays unknown, and expires like that
// of a crashed PHP node.
//
// A lock backend that is not exclusive (memcached may evict a lock) or not shared
// (memory, a directory of one machine) leaves Go nodes to the handshake with PHP
// nodes, which keeps them apart as well: two that begin at the same time both
// withdraw, and one that stalls stops at its next round.
package cleanup
