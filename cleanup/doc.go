// Package cleanup decides when the database of a mosparo cluster is cleaned,
// and does it on a Go node beside PHP nodes: among Go nodes exactly once, if
// their lock backend is shared and exclusive, and without getting into the way
// of a PHP node. It does not promise that two PHP nodes never clean at the
// same time: they do, and it tells when it sees that.
//
// [Policy] is mosparo's rule, as a pure function. [Scheduler] applies it:
// an atomic lock first, a look at the schedule under the lock, mosparo's own
// marker and statistic row in mosparo's order, a pause in which a PHP node
// that was a moment earlier shows itself, and only then the [Cleaner]. A node
// that does not surely belong to the cluster uses the mode [Observe], which
// writes nothing. [VersionGate] and the checks of a statistics backend keep a
// node from cleaning when mosparo or its tables are not the ones it knows.
//
// # Reading the code
//
// What all nodes share is in keys.go (the cache) and cleaner.go (the
// statistic rows). policy.go is the rule, look.go reads what it decides on. An
// attempt (attempt.go) looks, takes the lock, and goes on as a run (run.go): it
// looks again, ends what a dead node has left, shakes hands with PHP nodes, and
// cleans, while keep.go makes it look alive; end.go saves its end, or that of a
// dead run. loop.go makes one attempt after the other. The rest tells people:
// event.go, overlap.go, history.go, readiness.go, status.go; or obeys them: pause.go, leave.go.
//
// # Keys in the shared cache
//
//	key                       value             lifetime        written by
//	mosparoNextCleanup        DateTime          none            PHP and Go
//	mosparoAdditionalCleanup  DateTime or null  none            PHP and Go
//	mosparoCleanupStartedAt   DateTime or null  none            PHP and Go
//	mosparoGoCleanup          RunRecord         1 day           Go, during a run
//	mosparoGoRuns             list of Note      30 days         Go, after a run
//	mosparoGoPause            Pause             until its end,  Go, by an operator
//	                                            at most 1 day
//
// Go nodes of several versions may share a cache. A record or a pause of a form
// that a node does not know is a newer node's: the node neither cleans nor
// removes it until the entry is gone, and says so in its log and status. A
// history of such a form is left as it is.
//
// The history tells which runs were those of Go nodes since its oldest note. It
// lies in the cache alone, so that it begins anew after a loss; the node of an
// earlier run is unknown then.
//
// PHP nodes ignore the keys of Go nodes. So a pause ([PauseAll]) stops Go nodes
// only: PHP nodes clean as always, and for maintenance that nobody may disturb
// they have to be stopped, too. The lock [LockName] lies with the lock backend.
//
// # Times in the future
//
// Zones are at most 26 hours apart. A statistic row further ahead is of a clock
// that was wrong: PHP waits for its time, a Go node leaves it out and names it.
// A row less far ahead counts as for PHP, since it may be of another zone. Dates
// in the cache have their zone: one that no policy can have planned counts as not
// set, as does a marker more than five minutes ahead.
//
// A date in a zone that this process does not know, for want of a zone database,
// is no missing one: PHP can read it. Attempts end as Unavailable then, and the
// error names the zone and the remedy, the import of time/tzdata.
//
// # Deaths
//
// A run keeps a record of its traces. Whoever gets the lock later ends the run of
// a node that is gone with it, and goes on at once; PHP nodes alone go on when
// marker and row are too old for them, at the latest one unfinished
// interval after the run's last sign of life. A lock server that loses its
// data starts no second run: the record says until when its holder may not
// know. Where neither lock nor record is left, the statistic row keeps others
// away for one unfinished interval.
//
// A cleaner that does not come to its next round within [MaxRound], because a
// statement hangs, say, is cancelled, and its run no longer looks alive.
//
// # What is left to chance
//
// The cache knows no compare-and-delete. Between a node's look at the marker and
// its clearing it lie microseconds in which a PHP node may write its own; that
// marker is lost then, and the PHP node's statistic row alone keeps others
// away. A PHP node that stalls for longer than the guard time between its look
// and its row is noticed between two rounds, and the Go node stops; if the Go
// node was done by then, both have cleaned, one after the other. A statistic row
// whose insertion was in doubt for longer than the database took to answer
// stays unknown, and is waited for like that of a dead PHP node.
//
// A lock backend that is not exclusive (memcached may evict a lock) or not
// shared (memory, a directory of one machine) leaves Go nodes to the
// handshake alone, which tells them apart as it tells them from PHP nodes: two that
// begin at the same time both withdraw, and one that stalls stops at its next
// round.
package cleanup
