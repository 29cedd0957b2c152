package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// listsState is the output of "files compare".
type listsState struct {
	Lists       []listLine             `json:"lists"`
	Differences []nodes.FileDifference `json:"differences"`
}

// listLine is a list of files without its files.
type listLine struct {
	Node  string    `json:"node"`
	Host  string    `json:"host"`
	Taken time.Time `json:"taken,omitzero"`
	Files int       `json:"files"`
}

func filesCompare(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	local := flags.Bool("local", false, "also compare the files in --dir as they are now")
	host := flags.String("host", "", "with --local: the name of the node; the default is that of the host")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		switch {
		case len(args) > 0:
			return usageError{"files compare takes no arguments"}
		case *local && a.dir == "":
			return usageError{"--local takes --dir, mosparo's directory"}
		}
		c, err := a.openLocker(&clusterFlags{dir: a.dir})
		if err != nil {
			return err
		}
		defer c.close()
		var lists []nodes.List
		err = a.request(ctx, func(ctx context.Context) (err error) {
			lists, err = nodes.ReadLists(ctx, c.pool)
			return err
		})
		if err != nil {
			return err
		}
		if *local {
			l, err := nodes.New(c.pool, c.locker, c.settings, nodes.WithHost(*host)).FileList(ctx)
			if err != nil {
				return err
			}
			lists = append(slices.DeleteFunc(lists, func(other nodes.List) bool { return other.Node == l.Node }), l)
		}
		if err := checkComparable(lists); err != nil {
			return err
		}
		return a.showLists(lists, *asJSON)
	}
}

// checkComparable returns an error if there is nothing to compare.
func checkComparable(lists []nodes.List) error {
	if len(lists) < 2 {
		return fmt.Errorf("there are not two lists of files to compare, but %d: run \"mosparoctl files publish --full\" on each node", len(lists))
	}
	for _, l := range lists[1:] {
		if l.Key != lists[0].Key {
			return fmt.Errorf("%q and %q have different encryption_keys in env.mosparo.php, so that their lists cannot be compared", l.Host, lists[0].Host)
		}
	}
	return nil
}

func (a *app) showLists(lists []nodes.List, asJSON bool) error {
	s := listsState{Differences: nodes.CompareLists(lists)}
	for _, l := range lists {
		n := 0
		for _, files := range l.Folders {
			n += len(files)
		}
		s.Lists = append(s.Lists, listLine{Node: l.Node, Host: l.Host, Taken: l.Taken, Files: n})
	}
	var err error
	if asJSON {
		err = a.printJSON(s)
	} else {
		err = a.writeLists(s)
	}
	if err == nil && len(s.Differences) > 0 {
		err = exitError(1)
	}
	return err
}

func (a *app) writeLists(s listsState) error {
	hosts := map[string]string{}
	for _, l := range s.Lists {
		hosts[l.Node] = l.Host
		fmt.Fprintf(a.stdout, "%s: %s, files: %d\n", shell.Plain(l.Host), timeOrNone(l.Taken), l.Files)
	}
	for _, d := range s.Differences {
		var versions []string
		for _, v := range d.Versions {
			versions = append(versions, describeVersion(v, hosts))
		}
		fmt.Fprintf(a.stdout, "%s/%s: %s\n", d.Folder, shell.Plain(d.Path), shell.Plain(strings.Join(versions, "; ")))
	}
	_, err := fmt.Fprintf(a.stdout, "files that differ: %d\n", len(s.Differences))
	return err
}

func describeVersion(v nodes.FileVersion, hosts map[string]string) string {
	names := make([]string, len(v.Nodes))
	for i, id := range v.Nodes {
		names[i] = hosts[id]
	}
	who := strings.Join(names, ", ")
	if v.Absent {
		return "missing on " + who
	}
	return fmt.Sprintf("%d bytes, %s on %s", v.Size, timeOrNone(v.Modified), who)
}
