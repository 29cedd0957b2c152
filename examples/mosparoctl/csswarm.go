package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// warmed is the result for one project.
type warmed struct {
	Project cssstore.UUID `json:"project"`
	Hash    cssstore.Hash `json:"hash,omitzero"`
	Bytes   int           `json:"bytes,omitempty"`
	Error   string        `json:"error,omitempty"`
	// HashError is why --save-hash did not store the hash.
	HashError string `json:"hash_error,omitempty"`
}

// warmReport is the output of "css warm".
type warmReport struct {
	Base     string `json:"base"`
	Version  string `json:"version"`
	Prepared int    `json:"prepared"`
	Failed   int    `json:"failed"`
	// Unsaved counts projects with stored CSS whose hash --save-hash did not store.
	Unsaved  int      `json:"hashes_not_saved"`
	Projects []warmed `json:"projects"`
}

func cssWarm(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where cssClusterFlags
	where.register(flags)
	flags.BoolVar(&where.mappings, "mappings", false, "also change mappings.php, if prepared css is in files")
	save := flags.Bool("save-hash", false, "store changed hashes in mosparo's database")
	asJSON := jsonFlag(flags)
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
		if err == nil && r.Failed+r.Unsaved > 0 {
			return exitError(1)
		}
		return err
	}
}

// warm prepares all projects. The failure of one does not affect the others.
func (c *cssCluster) warm(ctx context.Context, save bool) (warmReport, error) {
	load := cssgen.FromPublic(c.public, c.settings.InstalledVersion)
	b, err := load()
	if err != nil {
		return warmReport{}, err
	}
	var opts []cssgen.Option
	var hashes *hashSaver
	if save {
		hashes = &hashSaver{db: c.projects, failed: map[cssstore.UUID]error{}}
		opts = append(opts, cssgen.WithSaveHash(hashes))
	}
	g := cssgen.New(c.store, c.pool, c.locker, cssgen.Inputs{Settings: c.projects, LoadBuild: load}, opts...)
	projects, err := c.list(ctx)
	if err != nil {
		return warmReport{}, err
	}
	r := warmReport{Base: b.Base.Digest, Version: b.Version, Projects: make([]warmed, len(projects))}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next, done := make(chan int), make(chan int)
	var workers sync.WaitGroup
	for range min(warmAtOnce, len(projects)) {
		workers.Go(func() {
			for i := range next {
				made, err := c.warmOne(ctx, g, projects[i])
				if errors.Is(err, cssgen.ErrDisagreement) { // the same for all
					stop(err)
				}
				r.Projects[i] = newWarmed(projects[i].UUID, made, err)
				if err == nil && save {
					r.Projects[i].HashError = hashes.problem(projects[i])
				}
				done <- i
			}
		})
	}
	go func() {
		for i := range projects {
			next <- i
		}
		close(next)
		workers.Wait()
		close(done)
	}()
	n := 0
	for i := range done {
		n++
		c.app.bar(n, len(projects))
		r.count(r.Projects[i])
	}
	return r, context.Cause(ctx)
}

func (r *warmReport) count(w warmed) {
	if w.Error == "" {
		r.Prepared++
	} else {
		r.Failed++
	}
	if w.HashError != "" {
		r.Unsaved++
	}
}

// list reads the projects from the database.
func (c *cssCluster) list(ctx context.Context) (all []cssstore.Project, err error) {
	err = c.app.request(ctx, func(ctx context.Context) error {
		all, err = c.projects.Projects(ctx)
		return err
	})
	return all, err
}

// warmOne prepares the CSS of a project.
func (c *cssCluster) warmOne(ctx context.Context, g *cssgen.Generator, p cssstore.Project) (made cssstore.Resource, err error) {
	err = c.app.request(ctx, func(ctx context.Context) error {
		made, err = g.Warm(ctx, p)
		return err
	})
	return made, err
}

// warmAtOnce is how many projects are prepared in parallel: CSS that PHP nodes stored is
// read twice, a second apart.
const warmAtOnce = 8

func newWarmed(project cssstore.UUID, made cssstore.Resource, err error) warmed {
	if err != nil {
		return warmed{Project: project, Error: err.Error()}
	}
	return warmed{Project: project, Hash: made.Hash, Bytes: len(made.CSS)}
}

// bar shows a progress bar on a terminal.
func (a *app) bar(done, all int) {
	const width = 40
	full := width * done / max(all, 1)
	a.replaceLine("[%s%s] %d of %d projects", strings.Repeat("#", full), strings.Repeat(".", width-full), done, all)
}

func (a *app) showWarm(r warmReport) error {
	for _, w := range r.Projects {
		if w.Error != "" {
			fmt.Fprintf(a.stdout, "%v: %s\n", w.Project, a.paint(a.outTTY, red, shell.Plain(w.Error)))
		}
		if w.HashError != "" {
			fmt.Fprintf(a.stdout, "%v: the hash %s was not saved: %s\n", w.Project, shortHash(w.Hash), a.paint(a.outTTY, yellow, shell.Plain(w.HashError)))
		}
	}
	if r.Unsaved > 0 {
		fmt.Fprintf(a.stdout, "%d hashes not saved; PHP nodes redirect to the earlier ones\n", r.Unsaved)
	}
	_, err := fmt.Fprintf(a.stdout, "%d projects prepared, %d failed, from base %.12s of mosparo %s\n", r.Prepared, r.Failed, shell.Plain(r.Base), shell.Plain(r.Version))
	return err
}
