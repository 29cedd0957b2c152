// Package fileadapter provides a [cache.Adapter] over a directory of files, in
// the layout of Symfony's FilesystemAdapter, so that Go and PHP nodes read and
// write one cache. It promises that no reader ever sees half a value; it does
// not promise that a value survives a power cut, nor that a call on a hanging
// network file system ends with its context (no file operation can be
// interrupted: the context is checked before each file).
//
// # Several users
//
// The directory may be on NFS and belong to another user: new directories and
// files take the mode and the group of the directory that they are made in,
// whatever the umask, and its owner when the process runs as root, so that
// PHP can go on writing. Where that is not possible a write fails with
// [cache.ErrUnauthorized] instead of shutting PHP out.
//
// A sticky or world-writable directory, such as /tmp with its symfony-cache of
// [DefaultDir], passes no rights on, since what is made there has to be safe from
// every user of the machine: PHP unserializes what it finds. There only two users
// create directories (0755) and files (0644): PHP's user, and root, which hands over
// to PHP's user. PHP's user is the owner of the directory given by [WithOwnerOf], or
// of its directory var if root owns the former. Without WithOwnerOf it is the owner
// of the world-writable directory, unless that is root. A write of any
// other process fails with [cache.ErrUnavailable]; the remedy is a
// FILESYSTEM_CACHE_PATH that both can write and others cannot. A directory that is
// there already is used as it is: one of PHP's is 0777 less the umask, usually
// 0755. If it is world-writable, for example because PHP runs without umask, reads
// go on, writes follow the same rule, and the log says so once. If a third user
// made it in such a place, nothing is written to it.
//
// A symbolic link on the way to the entries is followed if root or the user of
// the process owns it; any other is [cache.ErrUnavailable], and named.
//
// Temporary files that killed processes left go an hour later, with the next
// write; see also [Adapter.Prune].
package fileadapter
