// Package cachestore implements cssstore.Store in the shared cache, where mosparo keeps
// prepared CSS if MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE is on.
//
//	store := cachestore.New(pool, cachestore.WithLocker(locker))
//	r, err := store.Get(ctx, project)
//
// # Guarantees
//
// CSS that a Go node wrote is never returned with the hash of another version. CSS of
// PHP nodes is settled ([cssstore.Resource.Settled]) once two Gets of this Store, at
// least [cssstore.SettleTime] apart, saw the same CSS and hash.
//
// A Get takes one round trip for CSS of a Go node, and for a pair that this Store has
// seen for long enough. The first Get of PHP's CSS takes two, and the CSS is not settled.
// While a node writes, Get reads several times, with [cssstore.SettleTime] between.
//
// # Limits
//
// The store keeps the current version only.
//
// PHP nodes take no lock. If a PHP node stops for more than a second between writing
// the CSS and writing the hash, readers take the CSS for new bytes of the earlier
// design, as they are after an update of mosparo.
//
// # Entries
//
// A project has three entries:
//
//	design_{uuid}_content  the CSS, a string that does not expire, as in mosparo
//	design_{uuid}_hash     the hash, likewise
//	mosparoGoCss_{uuid}    the mark: an array of hash, sha256 (of the CSS), base,
//	                       version and at (Unix time in milliseconds), which
//	                       expires after 30 days
//
// Put writes the mark, the CSS and the hash in this order, atomically if the backend
// can. A reader trusts CSS whose SHA-256 is in the mark, and takes the hash from the
// mark. Other CSS was written by PHP. If there is a mark that does not match, a write
// may be in progress: Get then waits for the second read, and returns
// [cssstore.ErrUnsettled] if each read gives other CSS or another hash. If the stored
// hash equals the hash of the mark but the bytes differ, a writer has stopped halfway, or
// PHP has written new bytes after an update of mosparo: the CSS has to stay the same for
// a second. After the mark has expired, CSS of a Go node counts as PHP's.
package cachestore
