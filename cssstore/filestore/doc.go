// Package filestore implements cssstore.Store in the directory public/resources of an
// installation of mosparo, where a web server finds the files {uuid}/{hash}.css.
//
//	store := filestore.New("/var/www/mosparo/public/resources")
//	r, err := store.Get(ctx, project)
//
// The newest file of a project is its current version. Earlier versions stay for a
// grace time ([WithGrace]), so that visitors who have a link to one still get it, and
// for as long as mappings.php refers to them. PHP removes them immediately.
//
// # Guarantees
//
// Each file is written under a temporary name and then renamed, so that it is complete
// when it appears. PHP nodes may write in the directory at the same time, and the directory
// may be on NFS.
//
// Files and directories get the mode of the directory that they are created in, and its owner
// and group if the process may set them. It is an error if the owner of that directory,
// presumably PHP's user, could not replace them.
//
// Symbolic links that lead out of the directory are not followed. For links on the way to
// it see package sharedfiles.
//
// # Limits
//
// In a sticky or world-writable directory only PHP's user (the owner of mosparo's
// directory) and root can store anything, root on behalf of PHP's user. For other
// processes the error is cache.ErrUnavailable.
//
// PHP nodes may remove any version. mappings.php is changed only with [WithMappings].
// Temporary files of killed processes are removed by the first Put or Prune after an
// hour.
package filestore
