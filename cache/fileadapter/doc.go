// Package fileadapter gives a [cache.Adapter] over a directory of files, in
// the layout of Symfony's FilesystemAdapter, so that Go and PHP nodes read and
// write one cache. It promises that no reader ever sees half a value; it does
// not promise that a value survives a power cut, nor that a call on a hanging
// network file system ends with its context (no file operation can be
// interrupted: the context is checked before each file).
//
// The directory may be on NFS and belong to another user: new directories and
// files take the mode and the group of the directory that they are made in,
// whatever the umask, and its owner when the process runs as root, so that
// PHP can go on writing. Where that is not possible a write fails with
// [cache.ErrUnauthorized] instead of shutting PHP out.
package fileadapter
