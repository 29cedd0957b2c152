package nodes

import (
	"maps"
	"slices"
	"time"
)

// maxPaths limits the paths of a difference.
const maxPaths = 50

// differingPaths returns the paths that differ between folders, as far as the files changed
// last show them: a path with different content; one that a folder with all its files
// listed does not have; and one that is younger than all that another folder lists, which
// therefore does not have it, or has it older.
func differingPaths(folders []Folder) []string {
	byPath := make([]map[string]string, len(folders))
	all := map[string]time.Time{} // with the time of the newest version
	for i, d := range folders {
		byPath[i] = map[string]string{}
		for _, f := range d.Newest {
			byPath[i][f.Path] = f.MAC
			if f.Modified.After(all[f.Path]) {
				all[f.Path] = f.Modified
			} else if _, ok := all[f.Path]; !ok {
				all[f.Path] = f.Modified
			}
		}
	}
	var paths []string
	for _, p := range slices.Sorted(maps.Keys(all)) {
		if len(paths) < maxPaths && differs(folders, byPath, p, all[p]) {
			paths = append(paths, p)
		}
	}
	return paths
}

// differs reports whether the folders are known to differ in the path.
func differs(folders []Folder, byPath []map[string]string, path string, modified time.Time) bool {
	mac := ""
	for i := range folders {
		if is, ok := byPath[i][path]; ok {
			if mac != "" && is != mac {
				return true
			}
			mac = is
		}
	}
	for i, d := range folders {
		if _, ok := byPath[i][path]; ok {
			continue
		}
		n := len(d.Newest)
		if d.Files <= n || n > 0 && modified.After(d.Newest[n-1].Modified) {
			return true
		}
	}
	return false
}
