package main

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// writeFiles prints nodes and differences for people.
func (a *app) writeFiles(s filesState) error {
	w := a.stdout
	if len(s.Nodes) == 0 {
		_, err := fmt.Fprintln(w, `no node has a record in this cache: Go nodes that clean write one, "files publish" writes that of a PHP node`)
		return err
	}
	t := a.newTable("HOST", "ID", "MODE", "SEEN", "STARTED", "MOSPARO", "SOURCE", "LIBRARY")
	for _, n := range s.Nodes {
		t.add(n.Host, n.ID, modeOf(n), timeOrNone(n.Seen), timeOrNone(n.Started), cmp.Or(n.Mosparo, "-"), cmp.Or(n.Source, "-"), cmp.Or(n.Library, "-"))
	}
	if err := t.write(); err != nil {
		return err
	}
	s.writeProblems(w)
	fmt.Fprintln(w)
	for _, d := range s.Differences {
		fmt.Fprintln(w, shell.Plain(d.Describe(s.Nodes)))
	}
	if len(s.Differences) > 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, "no differences")
	return err
}

// writeProblems says what of a node cannot be compared.
func (s filesState) writeProblems(w io.Writer) {
	for _, n := range s.Nodes {
		if p := n.Fingerprints.Problem; p != "" {
			fmt.Fprintf(w, "%s cannot be compared: %s\n", shell.Plain(n.Host), shell.Plain(p))
		}
		for _, d := range n.Fingerprints.Folders {
			if d.Problem != "" {
				fmt.Fprintf(w, "%s of %s cannot be compared: %s\n", d.Name, shell.Plain(n.Host), shell.Plain(d.Problem))
			}
		}
	}
}

func modeOf(n nodes.Node) string {
	if n.Stopped {
		return "stopped"
	}
	return string(n.Mode)
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return shortTime(t)
}
