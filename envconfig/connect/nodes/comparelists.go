package nodes

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// FileDifference is a file that is not the same in all lists.
type FileDifference struct {
	Folder string `json:"folder"`
	Path   string `json:"path"`
	// Versions are the different versions of the file, the most frequent first.
	Versions []FileVersion `json:"versions"`
}

// FileVersion is a version of a file.
type FileVersion struct {
	// Nodes are the ids of the nodes that have it.
	Nodes []string `json:"nodes"`
	// Absent is true for nodes that do not have the file.
	Absent bool `json:"absent,omitempty"`
	// Size and Modified are those of the first of the nodes.
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified,omitzero"`
}

// CompareLists returns the files that are not the same in all lists with the same key. A
// list without a folder, which could not be read, is not compared there.
func CompareLists(lists []List) []FileDifference {
	found := []FileDifference{}
	byKey := map[string][]List{}
	var keys []string
	for _, l := range lists {
		if byKey[l.Key] == nil {
			keys = append(keys, l.Key)
		}
		byKey[l.Key] = append(byKey[l.Key], l)
	}
	for _, key := range keys {
		for _, folder := range folderNames() {
			found = append(found, compareFolder(folder, byKey[key])...)
		}
	}
	return found
}

// compareFolder compares a folder of several lists.
func compareFolder(folder string, lists []List) (found []FileDifference) {
	lists = slices.DeleteFunc(slices.Clone(lists), func(l List) bool { _, ok := l.Folders[folder]; return !ok })
	versions := map[string]map[string]*FileVersion{} // by path and MAC
	for _, l := range lists {
		for _, f := range l.Folders[folder] {
			if versions[f.Path] == nil {
				versions[f.Path] = map[string]*FileVersion{}
			}
			v := versions[f.Path][f.MAC]
			if v == nil {
				v = &FileVersion{Size: f.Size, Modified: f.Modified}
				versions[f.Path][f.MAC] = v
			}
			if !slices.Contains(v.Nodes, l.Node) {
				v.Nodes = append(v.Nodes, l.Node)
			}
		}
	}
	for p, byMAC := range versions {
		d := FileDifference{Folder: folder, Path: p}
		for _, v := range byMAC {
			d.Versions = append(d.Versions, *v)
		}
		if absent := without(lists, d.Versions); len(absent) > 0 {
			d.Versions = append(d.Versions, FileVersion{Nodes: absent, Absent: true})
		}
		if len(d.Versions) > 1 {
			slices.SortFunc(d.Versions, compareVersions)
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b FileDifference) int { return strings.Compare(a.Path, b.Path) })
	return found
}

// without returns the ids of the lists that have none of the versions.
func without(lists []List, versions []FileVersion) (ids []string) {
	for _, l := range lists {
		if !slices.ContainsFunc(versions, func(v FileVersion) bool { return slices.Contains(v.Nodes, l.Node) }) {
			ids = append(ids, l.Node)
		}
	}
	return ids
}

func compareVersions(a, b FileVersion) int {
	return cmp.Or(cmp.Compare(len(b.Nodes), len(a.Nodes)), compareBool(a.Absent, b.Absent), b.Modified.Compare(a.Modified), slices.Compare(a.Nodes, b.Nodes))
}
