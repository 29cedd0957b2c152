// Package cssgen prepares the CSS of projects on demand, from their design settings and
// mosparo's base CSS, and stores it. Without it only PHP nodes prepare CSS.
//
//	g := cssgen.New(store, pool, locker, cssgen.Inputs{
//		Settings:  projectDB, // a projectdb.DB
//		LoadBuild: cssgen.FromPublic("/var/www/mosparo/public", "1.5.4"),
//	})
//	go g.Run(ctx)
//	css := csshttp.New(store, projectDB, csshttp.WithGenerator(g))
//
// # Guarantees
//
// Go nodes prepare a project one after the other, under the lock mosparo/cssgen.{uuid},
// and only while all nodes that run a [Generator] have the same [Build]: base CSS and
// version of mosparo. CSS that a newer version of mosparo made is never replaced.
//
// While builds differ, as they do during an update, no node prepares anything: what is
// stored is served, and the error is [ErrDisagreement]. A node that finds no builds
// published, or not its own, waits 15 seconds for the others to publish theirs. The
// clocks of the nodes may differ by a minute.
//
// # Limits
//
// PHP nodes publish no build. Whether one was updated shows only in the CSS that it
// stores.
//
// # Entry
//
// Nodes publish their builds in one entry of the shared cache:
//
//	key       mosparoGoCssBuilds
//	value     an array: name of the node => an array of base (the SHA-256 of
//	          the base CSS in hexadecimal digits), version (that of mosparo)
//	          and at (Unix time in seconds)
//	lifetime  10 minutes; the element of a node counts for 2 minutes
//	writer    every node with a Generator, every 10 seconds, under the lock
//	          mosparo/css.builds; it removes its element when it ends
package cssgen
