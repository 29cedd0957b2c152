//go:build !unix

package cssstore

import "io/fs"

func isQuota(error) bool { return false }
func isStale(error) bool { return false }

func owner(fs.FileInfo) (uid, gid int, known bool) { return 0, 0, false }
