package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/mirror"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func mirrorCommand() command {
	return command{
		name: "mirror", args: cssClusterArgs + " [--dry-run] [--watch [--interval D]] [--json]", run: mirrorRun, cluster: true, asks: works,
		help: "Copy the prepared CSS of all projects from the shared cache to public/resources, where the web server of this node finds it. It removes the CSS of projects that the database does not have, and keeps what the shared cache has lost.",
		examples: []string{
			"mosparoctl mirror --dir /var/www/mosparo --dry-run",
			"mosparoctl mirror --dir /var/www/mosparo",
			"mosparoctl mirror --dir /var/www/mosparo --watch",
		},
	}
}

// mirrorReport is the output of "mirror" without --watch.
type mirrorReport struct {
	Target string `json:"target"`
	DryRun bool   `json:"dry_run,omitempty"`
	// Findings are the differences that were found. Unless there is an error, or it is a
	// dry run, those that are missing, stale or orphaned are repaired.
	Findings []cssFinding `json:"findings"`
	Error    string       `json:"error,omitempty"`
}

func mirrorRun(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where cssClusterFlags
	where.register(flags)
	dry := flags.Bool("dry-run", false, "show what differs, and change nothing")
	watch := flags.Bool("watch", false, "go on until interrupted, and log what is copied or removed")
	interval := flags.Duration("interval", mirror.DefaultInterval, "pause between two passes of --watch")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		switch {
		case len(args) > 0:
			return usageError{"mirror takes no arguments"}
		case *dry && *watch:
			return usageError{"--dry-run and --watch exclude each other"}
		case *interval <= 0:
			return usageError{"--interval must be positive, such as 2s"}
		}
		c, err := a.openMirror(&where)
		if err != nil {
			return err
		}
		defer c.close()
		if *watch {
			return c.watchMirror(ctx, *interval, *asJSON)
		}
		return c.mirrorOnce(ctx, *dry, *asJSON)
	}
}

// errNotInCache reports settings with which there is nothing to copy.
var errNotInCache = errors.New("the settings keep prepared CSS in files, not in the shared cache (MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE), so there is nothing to copy")

// openMirror opens the shared cache and the files of this node.
func (a *app) openMirror(where *cssClusterFlags) (*cssCluster, error) {
	c, err := a.openCSSCluster(where, true)
	if err != nil {
		return nil, err
	}
	switch {
	case !c.shared():
		err = errNotInCache
	case c.files == nil:
		err = usageError{"mirror needs the target: name mosparo's directory with --dir, or its folder public with --public"}
	default:
		return c, nil
	}
	c.close()
	return nil, err
}

// mirror returns a mirror of the cluster's CSS to the files of this node.
func (c *cssCluster) mirror(opts ...mirror.Option) *mirror.Mirror {
	projects := func(ctx context.Context) (all []cssstore.UUID, err error) {
		err = c.app.request(ctx, func(ctx context.Context) error {
			all, err = c.projects.UUIDs(ctx)
			return err
		})
		return all, err
	}
	return mirror.New(mirror.Stores{Source: c.store, Target: c.files}, projects, opts...)
}

// watchMirror mirrors until the program is interrupted.
func (c *cssCluster) watchMirror(ctx context.Context, interval time.Duration, asJSON bool) error {
	log := slog.New(slog.NewTextHandler(c.app.stdout, nil))
	if asJSON {
		log = slog.New(slog.NewJSONHandler(shell.JSON(c.app.stdout), nil))
	}
	err := c.mirror(mirror.WithInterval(interval), mirror.WithLogger(log)).Run(ctx)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // interrupted
	}
	return err
}

// mirrorOnce makes one pass.
func (c *cssCluster) mirrorOnce(ctx context.Context, dry, asJSON bool) error {
	m := c.mirror()
	pass := m.Sync
	if dry {
		pass = m.Check
	}
	found, err := pass(ctx)
	r := mirrorReport{Target: c.resources, DryRun: dry, Findings: []cssFinding{}}
	for _, d := range found {
		r.Findings = append(r.Findings, cssFinding{d.Project, string(d.Kind), d.Want, d.Have})
	}
	if err != nil {
		r.Error = err.Error()
	}
	if shown := c.app.showMirror(r, asJSON); shown != nil {
		return shown
	}
	if err != nil && !asJSON {
		return err
	}
	if err != nil || dry && len(found) > 0 {
		return exitError(exitFailed)
	}
	return nil
}

func (a *app) showMirror(r mirrorReport, asJSON bool) error {
	if asJSON {
		return a.printJSON(r)
	}
	if len(r.Findings) > 0 {
		t := a.newTable("FINDING", "PROJECT", "SHARED CACHE", "FILES")
		for _, f := range r.Findings {
			t.add(cell{f.Kind, yellow}, f.Project, shortHash(f.Want), shortHash(f.Have))
		}
		if err := t.write(); err != nil {
			return err
		}
	}
	switch {
	case r.Error != "":
		return nil // the error follows
	case r.DryRun:
		_, err := fmt.Fprintf(a.stdout, "%d findings; nothing was changed\n", len(r.Findings))
		return err
	}
	repaired := 0
	for _, f := range r.Findings {
		switch mirror.Kind(f.Kind) {
		case mirror.Missing, mirror.Stale, mirror.Orphaned:
			repaired++
		}
	}
	_, err := fmt.Fprintf(a.stdout, "%d findings, %d repaired in %s\n", len(r.Findings), repaired, shell.Plain(r.Target))
	return err
}
