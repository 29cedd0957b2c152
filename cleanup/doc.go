// Package cleanup schedules and runs the cleanup of mosparo's database on a Go
// node, beside PHP nodes and other Go nodes:
//
//	db := sqlcleaner.New(sqlDB, sqlcleaner.MySQL)
//	s := cleanup.New(pool, locker, db, cleanup.WithMode(cleanup.ModeClean))
//	err := s.Run(ctx) // until ctx ends
//
// A [Scheduler] reads mosparo's schedule in the shared cache, cleans when it is due,
// and writes the schedule and mosparo's statistics as a PHP node does. [Policy.Decide]
// has mosparo's rules as a pure function. Without [ModeClean] a scheduler observes: it
// reads, logs what it would do, and writes nothing.
//
// A run is one cleanup by one node, finished or not; [Run] describes
// it. The statistics are mosparo's table cleanup_statistic, which has a row for each
// run. The marker is the key mosparoCleanupStartedAt, by which a PHP node shows that
// it cleans. Unknown is mosparo's status of a run that is under way or whose node has
// crashed. A forced run, by mosparo's command or web cron job, ignores the schedule.
//
// # Guarantees
//
// Of the Go nodes that share an exclusive lock backend at most one cleans at a time,
// and a due cleanup starts within [Scheduler.MaxDelay]. A Go node and a PHP node do
// not clean at the same time, except in the races below. Two PHP nodes may, and then
// a Go node reports it ([Overlap]).
//
// A run under the lock has these phases:
//
//   - snapshot: read schedule, marker and statistics, now that no other Go node
//     can change them;
//   - recovery: end the run of a crashed Go node, and make the cleanup due now if that
//     run has left work;
//   - announce: write marker and row in mosparo's order, wait for the guard time
//     ([WithGuard]), and read the statistics again; withdraw if a PHP node has begun;
//   - clean: delete in rounds, with the statistics read again between two rounds and
//     a heartbeat that keeps marker and row fresh for PHP nodes;
//   - finish: save the next time and the end of the run.
//
// After any failure a run leaves a state from which any node, PHP or Go, continues; see
// Crash recovery.
//
// Checks keep a node from cleaning where it might do harm: those of the database
// ([Checker]) and those of [WithCheck], such as [CheckVersion]. They are made when
// [Scheduler.Run] starts and before each run.
//
// # Crash recovery
//
// A run keeps a record of its marker and row in the cache. The next Go node that gets
// the lock closes the row of a run that crashed, lost its lease or could not save its
// end. If that run has left work, the node makes the cleanup due now, for PHP nodes as
// well, and starts a new run with its own row.
//
// Without a Go node, PHP nodes continue when marker and row are too old for them: five
// minutes or one unfinished interval after the last heartbeat, whichever is longer. What
// a forced run has left then waits for the schedule, as after a forced run of PHP.
//
// If the lock server loses its data, no second run starts: the record says until when
// the previous holder may still believe that it has the lock. If the record is lost as
// well, the row keeps others from starting for one unfinished interval.
//
// A cleaner that does not begin its next round within an hour, because a statement
// hangs, is cancelled, and its heartbeat stops: PHP nodes no longer wait for its run. The
// lease is renewed until the cleaner returns, so Go nodes wait for one that ignores its
// context.
//
// # Keys in the shared cache
//
//	key                       value             lifetime        written by
//	mosparoNextCleanup        DateTime          none            PHP and Go
//	mosparoAdditionalCleanup  DateTime or null  none            PHP and Go
//	mosparoCleanupStartedAt   DateTime or null  none            PHP and Go
//	mosparoGoCleanup          record of a run   1 day           Go, during a run
//	mosparoGoRuns             nodes of runs,    30 days         Go, after a run
//	                          and their times
//	mosparoGoPause            Pause             until its end,  Go, by an operator
//	                                            at most 1 day
//
// PHP nodes ignore the keys of Go nodes. So a pause ([PauseAll]) stops Go nodes only;
// for maintenance without any cleanup, stop the PHP nodes as well. The lock [LockName]
// is in the lock backend.
//
// Go nodes of several versions may share a cache. A record or a pause in an unknown
// format was written by a newer node: others keep it, do not clean until it is gone,
// and say so in log and overview. A history (mosparoGoRuns) in an unknown format
// is left as it is. The history names the nodes of runs since its oldest entry; if the
// cache loses it, the nodes of earlier runs are unknown.
//
// # Known races
//
// The cache has no compare-and-delete. Between a node's read of the marker and its
// write are microseconds in which a PHP node may write its own; that marker is lost,
// and only the PHP node's row keeps others from starting.
//
// A PHP node that stalls for longer than the guard time between its read and its row
// is detected between two rounds, and the Go node stops. If the Go node was done by
// then, both have cleaned, one after the other.
//
// A row whose insertion was neither confirmed nor refused before the database stopped
// answering may stay, and expires like that of a crashed PHP node.
//
// If the lock backend is not exclusive (memcached may evict a lock) or not shared
// (memory, a directory of one machine), Go nodes have only the handshake with PHP
// nodes to keep them apart: two that begin at the same time both withdraw, and one that
// stalls stops at its next round.
//
// # Clock assumptions
//
// Zones are at most 26 hours apart. A run in the statistics whose time is further
// ahead was written by a wrong clock: PHP waits for its time, a Go node ignores it
// and warns. A run less far ahead counts as for PHP, since it may be of another zone.
// Dates in the cache have their zone: a date further ahead than any policy plans
// counts as not set, as does a marker more than five minutes ahead.
//
// A date in a zone that this process does not know, for want of a zone database,
// counts as set: PHP can read it. Attempts end as [ResultUnavailable] then, and the
// error names the zone and the remedy, the import of time/tzdata.
package cleanup
