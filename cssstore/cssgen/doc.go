// Package cssgen prepares projects' CSS on a node that is not PHP, from their
// settings and mosparo's base CSS, and stores it.
//
//	g := cssgen.New(store, pool, locker, cssgen.Inputs{
//		Settings:  projectDB,
//		LoadBuild: cssgen.FromPublic("/var/www/mosparo/public", "1.5.4"),
//	})
//	go g.Run(ctx)
//	css := csshttp.New(store, projectDB, csshttp.WithGenerator(g))
//
// # Guarantees
//
// A project is prepared once at a time in the cluster, and only as long as all
// nodes that run a [Generator] have the same [Build]. CSS that was made by a
// newer version of mosparo is never replaced, even if all others agree.
//
// Nodes publish their builds in one entry of the shared cache:
//
//	key       mosparoGoCssBuilds
//	value     an array: name of the node => an array of base (the SHA-256 of
//	          the base CSS in hexadecimal digits), version (that of mosparo)
//	          and at (Unix time in seconds)
//	lifetime  10 minutes; a node's element counts for 2 minutes
//	writer    every node with a Generator, each 10 seconds, under the lock
//	          mosparo/css.builds; it removes its element when it ends
//
// While two elements differ, as they do during an update, no node prepares
// anything: what is stored is served, and the error is an [ErrDisagreement]. A
// node that finds the entry lost, or is the first, waits 15 seconds for the
// others. The clocks of the nodes may differ by a minute.
//
// # Limits
//
// PHP nodes publish nothing: that one has been updated shows only by what it
// stores.
package cssgen
