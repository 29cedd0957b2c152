package doctor

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// phpUser returns the user of the PHP processes: the owner of mosparo's directory, or of
// its directory var if root owns the former.
func phpUser(dir string) (uid int, known bool) {
	for _, path := range []string{dir, filepath.Join(dir, "var")} {
		if dir == "" {
			return 0, false
		}
		fi, err := os.Stat(path)
		if err != nil {
			continue
		}
		if uid, _, known = sharedfiles.Owner(fi); known && uid != 0 {
			return uid, true
		}
	}
	return 0, false
}

// mayWrite reports whether the mode lets this process write; true if that is not known.
func mayWrite(fi fs.FileInfo) bool {
	uid, gid, known := sharedfiles.Owner(fi)
	me := os.Geteuid()
	switch mode := fi.Mode().Perm(); {
	case !known || me == 0:
		return true
	case me == uid:
		return mode&0o200 != 0
	case isMember(gid):
		return mode&0o020 != 0
	default:
		return mode&0o002 != 0
	}
}

func isMember(gid int) bool {
	groups, err := os.Getgroups()
	return gid == os.Getegid() || err == nil && slices.Contains(groups, gid)
}

// describe returns mode and owner for a fact.
func describe(fi fs.FileInfo) string {
	text := fi.Mode().String()
	if uid, gid, known := sharedfiles.Owner(fi); known {
		text += " uid " + strconv.Itoa(uid) + " gid " + strconv.Itoa(gid)
	}
	return text
}

// isWritableByAll reports whether any user of this host may write.
func isWritableByAll(fi fs.FileInfo) bool {
	_, _, known := sharedfiles.Owner(fi)
	return known && fi.Mode().Perm()&0o002 != 0
}
