// Package cssgen prepares projects' CSS on a node that is not PHP, from their
// settings and mosparo's base CSS, and stores it. It prepares only as long as
// the node agrees with the others on what CSS is made from, and does not
// promise to notice what PHP nodes do meanwhile: those say nothing about
// themselves.
//
// Nodes that run a [Generator] publish what they would make CSS from, in one
// entry of the shared cache:
//
//	key       mosparoGoCssBuilds
//	value     an array: name of the node => an array of base (the SHA-256 of
//	          the base CSS in hexadecimal digits), version (that of mosparo)
//	          and at (Unix time in seconds)
//	lifetime  10 minutes; a node's element counts for 2 minutes
//	writer    every node with a Generator, each 10 seconds, under the lock
//	          mosparo/css.builds; it removes its element when it ends
//
// While two elements differ, as they do during an update, nobody prepares
// anything: what is stored is served, and the log says why. A node that finds
// the entry lost, or is the first, waits 15 seconds for the others. CSS that was
// made by a newer version of mosparo is never replaced, whatever the others
// say. The clocks of the nodes may differ by a minute.
package cssgen
