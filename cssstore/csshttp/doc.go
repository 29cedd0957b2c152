// Package csshttp serves the CSS of mosparo's projects over HTTP: what a PHP
// node answers below /resources/, with entity tags, compression and ranges
// beyond it. It serves what a store has. If a project has no prepared CSS, the
// client is redirected to the base CSS, whose selectors match as well.
//
// [Handler] answers
//
//	/resources/{uuid}.css         redirect (307) to the current version
//	/resources/{uuid}/{hash}.css  the CSS, or a redirect to the current version
//	/resources/{uuid}/url         the URL of the current version, as text
//	/resources/logo.svg           mosparo's logo, for fc and pcs as in mosparo
//
// as mosparo 1.5 does in either [Mode], but for these differences:
//
//   - it never redirects to the same URL, nor in a circle with other nodes;
//   - a wrong hash costs no generation and no write;
//   - an identifier of no project is 404 without a look-up in the store, and a
//     project that was deleted is gone within seconds;
//   - X-Forwarded-… headers count only when a trusted proxy sent them;
//   - a pair of CSS and hash that may not belong together is cacheable for a
//     minute and not for a year;
//   - a redirect is for every origin, so that <link crossorigin> follows it.
//
// # Mounting
//
// Paths begin with /resources/, so that the handler is mounted as it is:
//
//	public, err := os.OpenRoot("/var/www/mosparo/public")
//	…
//	css := csshttp.New(store, projectdb.New(db, sqlcleaner.MySQL),
//		csshttp.WithTrustedProxyFunc(settings.Proxies.Trusted.Contains),
//		csshttp.WithPublic(public.FS()))
//	mux.Handle("/resources/", css)
//	…
//	css.Close() // after the server has ended
//
// The store is a cachestore, or a filestore in public/resources. A web server has
// to serve the base CSS in /build/; see [WithBaseCSS].
//
// # Freshness
//
// The list of projects is read at most once a second while requests come. The
// CSS is kept in memory, and checked again after 2 seconds ([DefaultRecheck]);
// when the list names another hash it is checked immediately. So a saved design
// shows within 2 seconds. While a check is due the CSS is served for max-age=60.
// When the store cannot be read, the last good version is served for max-age=60
// with
//
//	Cache-Status: mosparo-go; hit; detail=STORE_UNAVAILABLE
//
// of RFC 9211; detail is STORE_MISS when the shared cache has lost the entry,
// and STORE_UNSETTLED while it is being changed. A store that is down is read in
// the background, by few requests.
//
// # Nodes that differ
//
// Nodes learn of a new design at different moments, and some may not reach
// store or database for a while. A hash is redirected to another one only if the
// database names that one and the store has it, both read after the request
// came; for such requests the list is read up to ten times a second. In any
// other case the answer is the version that there is, with
//
//	Cache-Control: no-store
//	Cache-Status: mosparo-go; hit; detail=OTHER_VERSION
//
// or one of the details above. So a hash that the database names is never
// redirected to another, but for one that a [Generator] has just prepared in its
// place.
//
// # Metrics
//
// An [Observer] sees every request and every call of the generator, with a result
// as a label: hit, not_modified, stale, redirect, miss, not_found, refused, error,
// generated. Without one nothing is measured.
package csshttp
