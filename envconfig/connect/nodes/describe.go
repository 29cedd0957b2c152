package nodes

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Describe returns a sentence about the difference. The nodes are those that were compared,
// for their names. The sentence may contain any characters of host names and paths, which
// come from the cache.
func (d Difference) Describe(all []Node) string {
	var b strings.Builder
	if outliers := d.Outliers(); outliers != nil {
		verb := "differ"
		if len(outliers) == 1 {
			verb = "differs"
		}
		fmt.Fprintf(&b, "%s %s from most nodes in %s", joinNames(outliers, all), verb, d.subject())
	} else {
		var groups []string
		for _, g := range d.Groups {
			name := joinNames(g.Nodes, all)
			if g.Absent {
				name += " (without it)"
			}
			groups = append(groups, name)
		}
		fmt.Fprintf(&b, "%s differ in %s", strings.Join(groups, " and "), d.subject())
	}
	if !d.Since.IsZero() {
		fmt.Fprintf(&b, " since %s", d.Since.UTC().Format(time.DateTime+" UTC"))
	}
	if len(d.Paths) > 0 {
		const shown = 3
		fmt.Fprintf(&b, ": %s", strings.Join(d.Paths[:min(len(d.Paths), shown)], ", "))
		if more := len(d.Paths) - shown; more > 0 {
			fmt.Fprintf(&b, " and %d more", more)
		}
	}
	if d.MayDiffer {
		b.WriteString(" (declared)")
	}
	return b.String()
}

// subject names what differs.
func (d Difference) subject() string {
	switch d.Kind {
	case KindKey:
		return "the encryption_key"
	case KindSetting:
		return "the setting " + d.Name
	case KindFolder:
		return "the files of " + d.Name
	case KindSource:
		return "the source code or base CSS"
	}
	return string(d.Kind)
}

// joinNames returns the hosts of the nodes, with ids where a host has several nodes.
func joinNames(ids []string, all []Node) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = name(id, all)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func name(id string, all []Node) string {
	at := slices.IndexFunc(all, func(n Node) bool { return n.ID == id })
	if at < 0 {
		return id
	}
	host, same := all[at].Host, 0
	for _, n := range all {
		if n.Host == host {
			same++
		}
	}
	if same > 1 {
		return host + " (" + id[:min(len(id), 4)] + ")"
	}
	return host
}
