package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/examples/internal/shell"
	"github.com/mosparo/go-cluster/lock"
)

func filesCommands() []command {
	return []command{
		{
			name: "status", args: "[--json]", run: filesStatus, cluster: true,
			help:     "Show the nodes that have a record in the shared cache, and in which settings and files they differ.",
			examples: []string{"mosparoctl files status --dir /var/www/mosparo"},
		},
		{
			name: "publish", args: publishArgs, run: filesPublish, cluster: true, asks: works,
			help:     "Write the record of the installation in --dir, so that a node without a Go node is seen; for its cron. With --full also the list of all its files, for \"files compare\".",
			examples: []string{"mosparoctl files publish --dir /var/www/mosparo --ttl 2h", "mosparoctl files publish --dir /var/www/mosparo --full"},
		},
		{
			name: "compare", args: "[--local [--host NAME]] [--json]", run: filesCompare, cluster: true, asks: works,
			help:     "Compare the lists of files that nodes have published with \"files publish --full\".",
			examples: []string{"mosparoctl files compare --dir /var/www/mosparo"},
		},
	}
}

const publishArgs = "[--host NAME] [--ttl DURATION] [--full] [--may-differ NAMES] [--lock-url URL] [--json]"

// filesState is the output of "files status".
type filesState struct {
	Nodes       []nodes.Node       `json:"nodes"`
	Differences []nodes.Difference `json:"differences"`
}

func filesStatus(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"files status takes no arguments"}
		}
		c, err := a.openPool(&clusterFlags{dir: a.dir})
		if err != nil {
			return err
		}
		defer c.close()
		all, err := nodes.Read(ctx, c.pool)
		if err != nil {
			return err
		}
		s := filesState{Nodes: all, Differences: nodes.Compare(all)}
		if *asJSON {
			err = a.printJSON(s)
		} else {
			err = a.writeFiles(s)
		}
		if err == nil && s.differ() {
			err = exitError(1)
		}
		return err
	}
}

// differ reports whether there are differences that no node has declared.
func (s filesState) differ() bool {
	for _, d := range s.Differences {
		if !d.MayDiffer {
			return true
		}
	}
	return false
}

func filesPublish(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	where := &clusterFlags{}
	flags.StringVar(&where.locks, "lock-url", "", "the server of the Go nodes' locks, if it is not the cache server")
	host := flags.String("host", "", "the name of the node; the default is that of the host")
	ttl := flags.Duration("ttl", 25*time.Hour, "how long the record counts, from 1m to 72h: longer than the time between two runs of cron")
	full := flags.Bool("full", false, "also write the list of all files")
	mayDiffer := flags.String("may-differ", "", "settings and folders that may differ between nodes, separated by commas, such as database_host,var/data")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		switch {
		case len(args) > 0:
			return usageError{"files publish takes no arguments"}
		case a.dir == "":
			return usageError{"files publish takes --dir, mosparo's directory"}
		case *ttl < nodes.MinPublishTTL || *ttl > nodes.MaxPublishTTL:
			return usageError{fmt.Sprintf("--ttl must be from %v to %v", nodes.MinPublishTTL, nodes.MaxPublishTTL)}
		}
		where.dir = a.dir
		c, err := a.openLocker(where)
		if err != nil {
			return err
		}
		defer c.close()
		opts := []nodes.PublishOption{}
		if *full {
			opts = append(opts, nodes.WithFileLists())
		}
		registry := nodes.New(c.pool, c.locker, c.settings, nodes.WithHost(*host), nodes.WithMayDiffer(splitNames(*mayDiffer)...))
		p, err := registry.Publish(ctx, *ttl, opts...)
		if err != nil {
			return err
		}
		if *asJSON {
			return a.printJSON(p)
		}
		return a.showPublication(p, *full)
	}
}

// openLocker opens cache and locks.
func (a *app) openLocker(where *clusterFlags) (*cluster, error) {
	c, err := a.openPool(where)
	if err != nil {
		return nil, err
	}
	backend, closer, err := connect.Lock(c.settings, append(c.connect, connect.WithLockURL(where.locks))...)
	if err != nil {
		c.close()
		return nil, err
	}
	c.onClose(closer.Close)
	c.locks, c.locker = backend, lock.New(backend)
	c.onClose(func() error { c.locker.Close(); return nil })
	return c, nil
}

func splitNames(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func (a *app) showPublication(p nodes.Publication, full bool) error {
	for _, d := range p.Node.Fingerprints.Folders {
		if d.Problem != "" {
			fmt.Fprintf(a.stderr, "mosparoctl: %s cannot be compared: %s\n", d.Name, shell.Plain(d.Problem))
		}
	}
	if p.Running {
		fmt.Fprintln(a.stdout, "a Go node that takes part runs in this directory: its own record stays")
	} else {
		fmt.Fprintf(a.stdout, "published the record of %s\n", shell.Plain(p.Node.Host))
	}
	if full {
		fmt.Fprintf(a.stdout, "published the list of all files: %d\n", p.Files)
	}
	return nil
}
