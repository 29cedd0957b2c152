// Package cssstore defines where the prepared CSS of mosparo's projects is kept,
// so that PHP nodes and Go nodes of a cluster find it. It holds no store itself:
//
//   - cachestore keeps it in the shared cache, as mosparo does with
//     MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE;
//   - filestore keeps it in mosparo's folder public/resources, as mosparo does
//     otherwise;
//   - mirror copies from the one to the other, and finds differences.
//
// Package design prepares the CSS of a design, cssgen prepares it on demand, and
// csshttp serves it. cssstoretest tests implementations of [Store] and has a
// fake.
//
// # Guarantees
//
// A project has one current version; a [Store] promises no history. It pairs
// bytes with the hash of the design that they were made from. PHP keeps the two
// apart and writes one after the other, so that a reader can meet the CSS of one
// version beside the hash of another. Content written by a Go node is never
// returned with another hash. Content written by a PHP node may be;
// [Resource.Settled] reports whether the pair was the same in two reads.
//
// # Limits
//
// The same design has the same hash with any base CSS and any version of
// mosparo: after an update of mosparo new bytes have an old hash. The HTTP
// entity tag is therefore a digest of the bytes, never the hash.
package cssstore
