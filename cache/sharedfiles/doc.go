// Package sharedfiles works on directories that PHP and Go processes of several
// users share: it makes files and directories with the rights of the directory
// that they are made in, puts files in place complete, follows no symbolic link
// that a third user could have set, and finds what killed processes left. It
// does not look at access control lists. For other programs it makes no promise
// of compatibility.
//
// # Rights
//
// A new file or directory takes mode and group of the directory that it is made
// in, regardless of the umask, and its owner when the process runs as root. It is an
// error ([*ShutOutError]) if the owner of that directory could not use it.
//
// A sticky or world-writable directory, such as /tmp, passes nothing on: every
// user could replace what is in a directory that takes its mode. There PHP's
// user makes directories with 0755 and files with 0644, root makes them and
// hands them over to PHP's user, and other processes get an [*UnsafeError].
// PHP's user is the owner of mosparo's directory ([Folder.OwnerOf]), or of its
// directory var where root owns the former. Where mosparo's directory is not
// known, it is the owner of the world-writable directory, unless that is root.
//
// # Links
//
// A symbolic link on the way to a folder is followed if root or the user of the
// process owns it, and is an [*UnsafeError] otherwise. Below the folder no link
// leads out of it; see [os.Root]. On systems without owners links are followed
// as the system does.
package sharedfiles
