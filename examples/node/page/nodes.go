package page

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
)

// maxRows is how many nodes and differences the page shows.
const maxRows = 100

func (p *Page) readNodes(ctx context.Context) (nodes.Overview, error) {
	if p.node.Nodes == nil {
		return nodes.Overview{}, nil
	}
	return p.node.Nodes.Overview(ctx)
}

// nodesView is what the page shows of the nodes, nil if this node keeps no records.
type nodesView struct {
	Nodes []nodeView
	// Note says why the others do not see this node, or that some are left out.
	Note string
	// Differences are sentences about what is not the same on all nodes.
	Differences []differenceView
}

type nodeView struct {
	Host     string
	Self     bool
	Mode     string
	Versions string
	Level    level
	Status   string
	Started  *moment
	Up       string // for how long it runs
	Seen     *moment
	Ago      string
}

type differenceView struct {
	Level level
	Text  string
}

func newNodesView(o nodes.Overview, now time.Time) *nodesView {
	v := &nodesView{}
	if !o.Listed && o.NotListed != "" {
		v.Note = "The other nodes do not see this one: " + plain(o.NotListed) + "."
	}
	for _, n := range o.Nodes[:min(len(o.Nodes), maxRows)] {
		v.Nodes = append(v.Nodes, newNodeView(n, now))
	}
	if more := len(o.Nodes) - len(v.Nodes); more > 0 {
		v.Note = strings.TrimSpace(v.Note + " " + count(more, "more node is", "more nodes are") + " not shown.")
	}
	for _, d := range o.Differences[:min(len(o.Differences), maxRows)] {
		level := warning
		if d.MayDiffer {
			level = notice
		}
		v.Differences = append(v.Differences, differenceView{level, sentence(o.Describe(d))})
	}
	return v
}

func newNodeView(n nodes.Node, now time.Time) nodeView {
	v := nodeView{Host: plain(cmp.Or(n.Host, n.ID)), Self: n.Self, Mode: modeWord(n.Mode), Level: fine, Status: "seen"}
	if n.Stopped {
		v.Level, v.Status = notice, "has stopped"
	}
	var versions []string
	for _, version := range [][2]string{{"mosparo", n.Mosparo}, {"go-cluster", n.Library}} {
		if version[1] != "" {
			versions = append(versions, version[0]+" "+plain(version[1]))
		}
	}
	v.Versions = cmp.Or(strings.Join(versions, ", "), "unknown")
	if !n.Started.IsZero() {
		v.Started, v.Up = &moment{n.Started}, duration(now.Sub(n.Started))
	}
	if !n.Seen.IsZero() {
		v.Seen, v.Ago = &moment{n.Seen}, ago(n.Seen, now)
	}
	return v
}

func modeWord(m nodes.Mode) string {
	switch m {
	case nodes.ModeClean:
		return "takes part"
	case nodes.ModeObserve:
		return "only observes"
	case nodes.ModePublished:
		return "published, usually of a PHP node"
	}
	return "unknown"
}

// sentence makes a sentence of a text of others.
func sentence(text string) string {
	text = plain(text)
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "…") {
		return text
	}
	return text + "."
}

// differences says that nodes differ, once for all that may not.
func differences(o nodes.Overview) []concern {
	found := 0
	for _, d := range o.Differences {
		if !d.MayDiffer {
			found++
		}
	}
	if found == 0 {
		return nil
	}
	return []concern{{
		Level: warning, Title: "The nodes differ",
		Text:   "They have " + count(found, "difference", "differences") + " in files or settings that should be the same; the list is below the nodes. A visitor gets another answer from each node meanwhile.",
		Remedy: "Wait for the next synchronisation of the files, and see whether it runs; or declare what may differ.",
	}}
}
