// Package cssstore defines [Store], in which PHP nodes and Go nodes of a cluster find
// the prepared CSS of mosparo's projects, and the types and errors around it. The
// implementations and their users are packages of their own:
//
//   - cachestore keeps CSS in the shared cache, as mosparo does with
//     MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE;
//   - filestore keeps it in the directory public/resources, as mosparo does when that
//     setting is off;
//   - mirror copies from one store to another, and finds differences;
//   - design makes the CSS of a design, cssgen prepares it on demand, csshttp
//     serves it;
//   - cssstoretest has a conformance suite for implementations, and a fake.
//
// A program that only serves CSS needs a store and csshttp:
//
//	store := cachestore.New(pool) // a cache.Pool on the shared cache
//	css := csshttp.New(store, projectdb.New(sqlDB, sqlcleaner.MySQL))
//	defer css.Close()
//	mux.Handle("/resources/", css)
//
// # Guarantees
//
// A project has one current version: CSS, and the hash of the design that it was made
// from. CSS written by a Go node is never returned with another hash. CSS written by
// a PHP node may be, since PHP writes it and its hash one after the other;
// [Resource.Settled] reports whether CSS and hash are known to belong together.
//
// # Limits
//
// A store need not keep earlier versions; see [Versioner].
//
// The hash covers the settings of a design, not the base CSS. After an update of
// mosparo the same hash stands for other bytes. The HTTP entity tag is therefore a
// digest of the bytes, never the hash.
package cssstore
