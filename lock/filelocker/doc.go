// Package filelocker provides a [lock.Backend] in a directory, also on NFS, for
// clusters whose shared cache is a directory too. It promises exclusion and rising
// fences while the directory keeps its files and the file server's clock is not
// stepped forward; it does not promise that a call ends with its context while a
// network file system hangs, since no file operation can be interrupted.
//
// Every name has a file of its own, made once and changed in place under a
// short flock(2), taken with LOCK_NB and retried. The file has two slots:
// the valid one with the larger number counts, and a change goes to the other,
// so that a process that dies in the middle of it leaves what was there before. A
// lease is freed at its TTL, and its age is judged by the file server's clock
// alone: the modification time of a file written at that moment. Clocks of
// nodes do not matter.
//
// A process that is stopped (SIGSTOP) in the few microseconds of a change keeps
// the flock: others cannot take that name, and get [lock.ErrUnavailable], until
// it goes on or is killed. On NFS the server must keep locks (version 4, or 3 with
// lockd; not mounted with nolock or local_lock), and frees those of a machine
// that died after its own grace time, 90 seconds by default.
//
// The directory is one of its own, beside the cache: never below its @
// directory, which PHP prunes, nor below public/resources, which the web server
// publishes. It and its files take mode, group and, for root, owner of the
// directory above, so that nodes of other users can go on. In a sticky or
// world-writable directory, such as /tmp, only two users create it (0755) and its
// files (0644): PHP's user, and root, which hands over to PHP's user. Other
// processes get [lock.ErrUnavailable]. PHP's user is the owner of the directory
// given by [WithOwnerOf]; package sharedfiles has the whole rule. A symbolic link on
// the way that neither root nor the user of the process owns is
// [lock.ErrUnavailable] as well. Files of names that are not used for 30 days, and
// what killed processes left, are removed. Windows is not supported.
package filelocker
