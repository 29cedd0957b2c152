package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
)

// warmed is the outcome for one project.
type warmed struct {
	Project cssstore.UUID `json:"project"`
	Hash    cssstore.Hash `json:"hash,omitzero"`
	Bytes   int           `json:"bytes,omitempty"`
	Error   string        `json:"error,omitempty"`
}

// warmReport is what "css warm" shows.
type warmReport struct {
	Base     string   `json:"base"`
	Version  string   `json:"version"`
	Prepared int      `json:"prepared"`
	Failed   int      `json:"failed"`
	Projects []warmed `json:"projects"`
}

func cssWarm(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where cssClusterFlags
	where.register(flags)
	flags.BoolVar(&where.mappings, "mappings", false, "change mappings.php, too, where prepared css is in files")
	save := flags.Bool("save-hash", false, "store the hashes in mosparo's database, where they differ")
	asJSON := flags.Bool("json", false, "write JSON")
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"css warm takes no arguments"}
		}
		c, err := a.openCSSCluster(&where, true) //nolint:contextcheck // go-redis asks for a context where it only makes a client
		if err != nil {
			return err
		}
		defer c.close()
		if c.public == "" {
			return usageError{"css warm needs the base css: name mosparo's directory with --dir, or its folder public with --public"}
		}
		r, err := c.warm(ctx, *save)
		a.endProgress()
		if err != nil {
			return err
		}
		if *asJSON {
			err = a.printJSON(r)
		} else {
			err = a.showWarm(r)
		}
		if err == nil && r.Failed > 0 {
			return exitError(1)
		}
		return err
	}
}

// warm prepares all projects, whatever fails for one of them.
func (c *cssCluster) warm(ctx context.Context, save bool) (warmReport, error) {
	load := cssgen.FromPublic(c.public, c.settings.Mosparo.InstalledVersion.V)
	b, err := load()
	if err != nil {
		return warmReport{}, err
	}
	opts := []cssgen.Option{cssgen.WithLogger(c.app.warnings())}
	if save {
		opts = append(opts, cssgen.WithSaveHash(c.projects))
	}
	g := cssgen.New(c.store, c.projects, c.pool, c.locker, load, opts...)
	projects, err := c.projects.Projects(ctx)
	if err != nil {
		return warmReport{}, err
	}
	r := warmReport{Base: b.Base.Digest, Version: b.Version, Projects: []warmed{}}
	for i, p := range projects {
		if err := context.Cause(ctx); err != nil {
			return r, err
		}
		c.app.bar(i, len(projects))
		made, err := g.Warm(ctx, p)
		if errors.Is(err, cssgen.ErrDisagreement) { // the same for all
			return r, err
		}
		w := warmed{Project: p.UUID, Hash: made.Hash, Bytes: len(made.CSS)}
		if err != nil {
			w.Error = err.Error()
			r.Failed++
		} else {
			r.Prepared++
		}
		r.Projects = append(r.Projects, w)
	}
	return r, nil
}

// bar shows a progress bar on a terminal.
func (a *app) bar(done, all int) {
	if !isTerminal(a.stderr) {
		return
	}
	const width = 40
	full := width * done / max(all, 1)
	fmt.Fprintf(a.stderr, "\r\x1b[K[%s%s] %d of %d projects", strings.Repeat("#", full), strings.Repeat(".", width-full), done, all)
}

func (a *app) showWarm(r warmReport) error {
	for _, w := range r.Projects {
		if w.Error != "" {
			fmt.Fprintf(a.stdout, "%v: %s\n", w.Project, w.Error)
		}
	}
	_, err := fmt.Fprintf(a.stdout, "%d projects prepared, %d failed, from base %.12s of mosparo %s\n", r.Prepared, r.Failed, r.Base, r.Version)
	return err
}
