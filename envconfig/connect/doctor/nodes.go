package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
)

// nodes examines the records of the other nodes. A cache that cannot be read is a finding
// of its own check.
func (e *examination) nodes(ctx context.Context) (r result) {
	if d := e.settings.Cache.Memcached; e.settings.Cache.Adapter == envconfig.AdapterMemcached && (d == nil || !e.hasVersion(d)) {
		return r // reading would make a namespace version
	}
	adapter, err := connect.Cache(e.settings, e.connect...)
	if err != nil {
		return r
	}
	defer adapter.Close()
	all, err := nodes.Read(ctx, cache.NewPool(adapter))
	switch {
	case err != nil && !errors.Is(err, cache.ErrUnavailable) && !errors.Is(err, cache.ErrUnauthorized) && ctx.Err() == nil:
		r.add(Finding{
			Code: "nodes_unreadable", Severity: Warning, Subject: "nodes", What: err.Error(),
			Consequence: "this node does not see the others, and differences between them are not found",
			Remedy:      "upgrade this program, or remove the entry if no newer version of it runs: mosparoctl cache delete mosparoGoNodes",
		})
		return r
	case err != nil || len(all) == 0:
		return r
	}
	r.part = Part{Name: "nodes", Kind: "records", Server: fmt.Sprint(len(all))}
	for _, n := range all {
		r.fact(n.ID+" "+n.Host, strings.Join([]string{string(n.Mode), "library " + orUnknown(n.Library), "mosparo " + orUnknown(n.Mosparo), "seen " + n.Seen.UTC().Format(time.DateTime)}, ", "))
	}
	r.add(nodeFindings(all, e.settings.InstalledVersion, time.Now())...)
	return r
}

// maxNodeFindings limits the findings about differences: the first ones explain the
// others.
const maxNodeFindings = 20

// nodeFindings returns what is wrong with the nodes by their records.
func nodeFindings(all []nodes.Node, mosparo string, now time.Time) (found []Finding) {
	live := slices.DeleteFunc(slices.Clone(all), func(n nodes.Node) bool { return n.Stopped })
	if versions := distinct(live, func(n nodes.Node) string { return n.Library }, ""); len(versions) > 1 {
		found = append(found, Finding{
			Code: "nodes_library_differs", Severity: Note, Subject: "nodes", What: "the Go nodes have different versions of this library: " + strings.Join(versions, ", "),
			Consequence: "an older node waits for what it does not know, such as a record in a newer format",
			Remedy:      "finish the upgrade, node by node",
		})
	}
	if versions := distinct(live, func(n nodes.Node) string { return n.Mosparo }, mosparo); len(versions) > 1 {
		found = append(found, Finding{
			Code: "nodes_mosparo_differs", Severity: Warning, Subject: "nodes", What: "the nodes have different versions of mosparo: " + strings.Join(versions, ", "),
			Consequence: "nodes with another version than the database expects fail, and Go nodes do not clean",
			Remedy:      "finish the update of mosparo on all nodes; the files must be the same",
		})
	}
	for _, n := range live {
		if ahead := n.Seen.Sub(now); ahead > clockWarning {
			found = append(found, Finding{
				Code: "nodes_clock", Severity: Warning, Subject: "nodes", What: fmt.Sprintf("the clock of %s is at least %v ahead of this host's", n.Host, ahead.Round(10*time.Millisecond)),
				Consequence: "times that nodes compare are off by as much",
				Remedy:      "run an NTP client (chrony, systemd-timesyncd) on all hosts",
			})
		}
	}
	for i, d := range slices.DeleteFunc(nodes.Compare(live), func(d nodes.Difference) bool { return d.MayDiffer }) {
		if i == maxNodeFindings {
			break
		}
		found = append(found, Finding{
			Code: "nodes_differ", Severity: Warning, Subject: "nodes", What: d.Describe(live),
			Consequence: differenceConsequences[d.Kind],
			Remedy:      "make it the same on all nodes (mosparoctl files status shows what differs), or declare that it may differ",
		})
	}
	return found
}

// differenceConsequences say what a difference between nodes does.
var differenceConsequences = map[nodes.Kind]string{
	nodes.KindKey:     "what one node has encrypted, such as sessions and tokens, the others cannot read",
	nodes.KindSetting: "the nodes behave differently, or use different servers",
	nodes.KindFolder:  "visitors get other files from one node than from the others",
	nodes.KindSource:  "the nodes run different code on one database",
}

// distinct returns the texts of the nodes, and another one, that are not empty, each once.
func distinct(all []nodes.Node, text func(nodes.Node) string, more string) []string {
	found := []string{more}
	for _, n := range all {
		found = append(found, text(n))
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.DeleteFunc(found, func(s string) bool { return s == "" })
}
