// Package cachestore keeps prepared CSS in the shared cache, as mosparo does with
// MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE switched on.
//
//	store := cachestore.New(pool, cachestore.WithLocker(locker))
//
// A project has three entries:
//
//	design_{uuid}_content  the CSS: a string without expiry, as mosparo has it
//	design_{uuid}_hash     its hash: likewise
//	mosparoGoCss_{uuid}    the mark of a Go node: hash, SHA-256 of the CSS,
//	                       source and time, an array that expires after 30
//	                       days and is written by Put
//
// # Guarantees
//
// A reader that finds the CSS of the mark knows its hash, also if another one
// stands beside it: content written by a Go node is never returned with another hash.
// All three entries are read in one round trip. Put writes the mark, the CSS and
// the hash, in this order; atomically where the backend can and there is a mark
// already.
//
// Any other pair was written by PHP, and is settled when it is read a second
// time, [cssstore.SettleTime] after the first. If there is a mark that does not
// match, a write may be in progress: then Get waits for the second read, or
// returns [cssstore.ErrUnsettled] when the pair changes each time. Other CSS
// beside the very hash of the mark is left by a writer that stopped between its
// writes, or by PHP after an update of mosparo: it is settled after a second.
//
// # Limits
//
// PHP nodes take no lock. A PHP node that stops between its two writes for more
// than a second cannot be told from one that has prepared new bytes for the same
// design. A pair that outlives its mark counts as PHP's. The store has the
// current version only.
package cachestore
