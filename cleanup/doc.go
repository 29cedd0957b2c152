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
// writes nothing.
//
// # Keys in the shared cache
//
//	key                       value             lifetime  written by
//	mosparoNextCleanup        DateTime          none      PHP and Go
//	mosparoAdditionalCleanup  DateTime or null  none      PHP and Go
//	mosparoCleanupStartedAt   DateTime or null  none      PHP and Go
//	mosparoGoCleanup          RunRecord         1 day     Go; PHP ignores it
//
// The lease "cleanup" lies with the lock backend.
//
// # What is left to chance
//
// The cache knows no compare-and-delete. Between a node's look at the marker and
// its clearing it lie microseconds in which a PHP node may write its own; that
// marker is lost then, and the PHP node's statistic row alone keeps others
// away. A PHP node that stalls for longer than the guard time between its look
// and its row is noticed between two rounds, and the Go node stops.
package cleanup
