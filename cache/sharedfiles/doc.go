// Package sharedfiles makes directories and files that everybody can use who uses
// the directory that they are made in, whatever the umask: they take its mode
// and group, and its owner when the process runs as root. So PHP and Go nodes
// of different users share a directory. It does not look at access control
// lists, and fails rather than shut the owner of the directory out.
//
// It imports nothing of this module, and whoever keeps files beside PHP may
// import it.
package sharedfiles
