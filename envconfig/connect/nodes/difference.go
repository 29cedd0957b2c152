package nodes

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Difference is something that is not the same on all nodes.
type Difference struct {
	Kind Kind `json:"kind"`
	// Name is that of the setting or folder; empty for other kinds.
	Name string `json:"name,omitempty"`
	// Groups are the nodes by what they have; the largest group is first, and among
	// groups of one size that which has had its value longest.
	Groups []Group `json:"groups"`
	// Since is when the newest of the values appeared, zero if that is not known.
	Since time.Time `json:"since,omitzero"`
	// Paths are files of a folder that differ, as far as the files changed last show
	// them.
	Paths []string `json:"paths,omitempty"`
	// MayDiffer is true if a node has declared the difference; see [WithMayDiffer].
	MayDiffer bool `json:"may_differ,omitempty"`
}

// Kind is the kind of what differs.
type Kind string

// The kinds of differences.
const (
	// KindKey: the nodes have different encryption_keys, so that nothing else can be
	// compared between them.
	KindKey Kind = "encryption_key"
	// KindSetting is a setting of env.mosparo.php.
	KindSetting Kind = "setting"
	// KindFolder is a folder with its files.
	KindFolder Kind = "folder"
	// KindSource is mosparo's source code or base CSS.
	KindSource Kind = "source"
)

// Group is a group of nodes that have the same.
type Group struct {
	// Nodes are the ids.
	Nodes []string `json:"nodes"`
	// Absent is true if the nodes do not have the setting.
	Absent bool `json:"absent,omitempty"`
	// Since is when the first of them had the value.
	Since time.Time `json:"since,omitzero"`

	mac string
}

// Outliers returns the ids of the nodes that do not have what most nodes have. It is empty
// if no value is that of more than half of the nodes, as with two nodes: then it cannot be
// told which is right.
func (d Difference) Outliers() []string {
	total := 0
	for _, g := range d.Groups {
		total += len(g.Nodes)
	}
	if len(d.Groups) == 0 || 2*len(d.Groups[0].Nodes) <= total {
		return nil
	}
	var ids []string
	for _, g := range d.Groups[1:] {
		ids = append(ids, g.Nodes...)
	}
	return ids
}

// maxDifferences limits what Compare returns.
const maxDifferences = 200

// Compare returns the differences between nodes, those that are declared last. Nodes
// without fingerprints and nodes that have stopped are not compared, folders with a problem
// neither.
func Compare(all []Node) []Difference {
	byKey := map[string][]*Node{}
	keys := comparison{kind: KindKey}
	for i := range all {
		n := &all[i]
		if key := n.Fingerprints.Key; key != "" && !n.Stopped {
			keys.add(n, Fingerprint{MAC: key})
			byKey[key] = append(byKey[key], n)
		}
	}
	found := keys.differences(nil)
	for _, g := range keys.groups {
		found = append(found, compareSameKey(byKey[g.mac])...)
	}
	slices.SortStableFunc(found, func(a, b Difference) int {
		return cmp.Or(compareBool(a.MayDiffer, b.MayDiffer), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return found[:min(len(found), maxDifferences)]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareSameKey compares nodes whose fingerprints have the same key.
func compareSameKey(all []*Node) []Difference {
	found := []Difference{}
	source := comparison{kind: KindSource}
	for _, n := range all {
		if n.Fingerprints.Source.MAC != "" {
			source.add(n, n.Fingerprints.Source)
		}
	}
	found = source.differences(compareSettings(all, found))
	for _, name := range folderNames() {
		c := comparison{kind: KindFolder, name: name}
		var folders []Folder
		for _, n := range all {
			if d, ok := n.Fingerprints.folder(name); ok && d.Problem == "" {
				c.add(n, d.Fingerprint)
				folders = append(folders, d)
			}
		}
		before := len(found)
		if found = c.differences(found); len(found) > before {
			found[before].Paths = differingPaths(folders)
		}
	}
	return found
}

// compareSettings adds the settings that differ to found. It compares no more of them than
// one record may have, since every record may have other names.
func compareSettings(all []*Node, found []Difference) []Difference {
	byNode := make([]map[string]Fingerprint, len(all))
	names := map[string]bool{}
	for i, n := range all {
		byNode[i] = map[string]Fingerprint{}
		for _, s := range n.Fingerprints.Settings {
			byNode[i][s.Name] = s
			names[s.Name] = true
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	for _, name := range sorted[:min(len(sorted), maxSettings)] {
		c := comparison{kind: KindSetting, name: name}
		for i, n := range all {
			c.add(n, byNode[i][name])
		}
		found = c.differences(found)
	}
	return found
}

// comparison groups nodes by what they have.
type comparison struct {
	kind      Kind
	name      string
	groups    []Group
	mayDiffer bool
}

func (c *comparison) add(n *Node, f Fingerprint) {
	c.mayDiffer = c.mayDiffer || f.MayDiffer
	i := slices.IndexFunc(c.groups, func(g Group) bool { return g.mac == f.MAC })
	if i < 0 {
		c.groups = append(c.groups, Group{mac: f.MAC, Absent: f.MAC == "", Since: f.Since, Nodes: []string{n.ID}})
		return
	}
	g := &c.groups[i]
	g.Nodes = append(g.Nodes, n.ID)
	if g.Since.IsZero() || !f.Since.IsZero() && f.Since.Before(g.Since) {
		g.Since = f.Since
	}
}

// differences adds the difference to found if there is one.
func (c *comparison) differences(found []Difference) []Difference {
	if len(c.groups) < 2 {
		return found
	}
	slices.SortStableFunc(c.groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(len(b.Nodes), len(a.Nodes)), compareBool(a.Absent, b.Absent), a.Since.Compare(b.Since))
	})
	d := Difference{Kind: c.kind, Name: c.name, Groups: c.groups, MayDiffer: c.mayDiffer}
	for _, g := range c.groups {
		if g.Since.After(d.Since) {
			d.Since = g.Since
		}
	}
	return append(found, d)
}
