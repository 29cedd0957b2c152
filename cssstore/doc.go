// Package cssstore keeps the prepared CSS of mosparo's projects where PHP nodes
// and Go nodes of a cluster find it: in the shared cache, in the folder
// public/resources, or mirrored from the one to the other. It does not prepare
// CSS, which package design does, nor serve it, which package csshttp does,
// and it promises no history: a project has one current version.
//
// A [Store] pairs bytes with the hash of the design that they were made from.
// PHP keeps the two apart and writes one after the other, so that a reader can
// meet the CSS of one version beside the hash of another. What a Go node has
// written is never given out so; of a pair that a PHP node wrote,
// [Resource.Settled] says whether it has been seen twice.
//
// The same design has the same hash whatever it was made from: after an update
// of mosparo, new bytes stand under an old hash. An HTTP entity tag is a digest
// of the bytes, never the hash.
package cssstore
