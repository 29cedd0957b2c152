// Package filestore keeps prepared CSS in the folder public/resources of an
// installation of mosparo, where web servers find {uuid}/{hash}.css without
// another program.
//
//	store := filestore.New("/var/www/mosparo/public/resources")
//
// The current version of a project is the newest of its files. Earlier versions
// stay for a grace time, so that they do not vanish under a visitor who has a
// link to them, and for as long as mappings.php names them; PHP removes them
// immediately.
//
// # Guarantees
//
// Files appear complete, by a rename. PHP nodes may write in the folder at the
// same time, and it may be on NFS. Files and folders get the mode, and as far as
// the process may the owner and group, of the folder that they are made in; it is
// an error if its owner, presumably PHP, could not replace them. Symbolic links
// lead nowhere out of the folder; package sharedfiles says which ones are
// followed on the way to it.
//
// In a sticky or world-writable folder only PHP's user (the owner of mosparo's
// directory) and root store anything, root on behalf of PHP's user. Other
// processes get cache.ErrUnavailable.
//
// # Limits
//
// A version that a PHP node removes is gone. mappings.php is changed only on
// request; see [WithMappings]. Temporary files of killed processes are removed
// after an hour, by the next Put or Prune.
package filestore
