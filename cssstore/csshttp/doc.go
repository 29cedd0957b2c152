// Package csshttp serves the prepared CSS of mosparo's projects over HTTP, from a
// cssstore.Store and a cache in memory. A [Handler] answers the paths below /resources/
// as mosparo 1.5 does, and adds entity tags, compression and ranges:
//
//	/resources/{uuid}.css         redirect (307) to the current version
//	/resources/{uuid}/{hash}.css  the CSS, or a redirect to the current version
//	/resources/{uuid}/url         the URL of the current version, as text
//	/resources/logo.svg           mosparo's logo, with mosparo's parameters fc and pcs
//
// If a project has no prepared CSS, clients are redirected to the base CSS, which a
// web server has to serve (see [WithBaseCSS]), unless a [Generator] prepares it.
//
//	public, err := os.OpenRoot("/var/www/mosparo/public")
//	…
//	css := csshttp.New(store, projectdb.New(sqlDB, sqlcleaner.MySQL),
//		csshttp.WithTrustedProxyFunc(settings.Proxies.Trusted.Contains),
//		csshttp.WithPublic(public.FS()))
//	mux.Handle("/resources/", css)
//	…
//	css.Close() // after the server has ended
//
// The store is a cachestore or, in public/resources, a filestore. The second argument is
// the list of projects ([Projects]), here read from mosparo's database. An [Observer]
// sees every request and every call of the generator, for metrics.
//
// # Guarantees
//
// CSS that a node has prepared for a saved design is served within 2 seconds. The CSS is
// kept in memory and read again from the store after 2 seconds ([WithRecheck]), and
// immediately if the list of projects has another hash. While requests come, the list is
// read at most once a second. A generator is called at most every 10 seconds for a
// project.
//
// While the store or the database is down, projects in memory are still served: the
// last good version, for max-age=60 and with the header of RFC 9211
//
//	Cache-Status: mosparo-go; hit; detail=STORE_UNAVAILABLE
//
// if the store cannot be read. The detail is STORE_MISS if the shared cache has lost
// the entry, and STORE_UNSETTLED while it is being changed. A store that is down is
// read in the background, by few requests.
//
// Clients are never redirected to the same URL, nor in a circle between nodes. Nodes
// learn of a new design at different times, and some may not reach store or database
// for a while. So a hash is redirected to another one only if that is the hash in both
// the database and the store, read after the request came. For such requests the list
// is read up to ten times a second, and a request for a hash is redirected three times
// in ten seconds at most. In any other case the version in memory is served, with
//
//	Cache-Control: no-store
//	Cache-Status: mosparo-go; hit; detail=OTHER_VERSION
//
// or one of the details above.
//
// # Limits
//
// CSS is cacheable for a year, as in mosparo, if it is settled
// ([cssstore.Resource.Settled]) and was read recently, within two thirds of the time of
// [WithRecheck]: 1.4 seconds by default. An update of mosparo changes the bytes but not
// the hash, and so not the URL: a client that has loaded the old bytes keeps them for
// that year. In mosparo those are the clients that came before the update; here also
// those that came after it within that time.
//
// # Differences from mosparo
//
//   - A wrong hash causes no generation and no write.
//   - An identifier of no project is 404 without a request to the store, and a deleted
//     project is 404 within seconds.
//   - X-Forwarded-… headers count only from a trusted proxy.
//   - CSS whose hash may be that of another version is cacheable for a minute only.
//   - A redirect is allowed for every origin, so that <link crossorigin> follows it.
package csshttp
