package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/mirror"
)

// cssFinding is a difference between the store and the database.
type cssFinding struct {
	Project cssstore.UUID `json:"project"`
	// Kind is a mirror.Kind, or "mapping" for an entry of mappings.php that redirects
	// visitors although prepared CSS is in the shared cache.
	Kind string        `json:"kind"`
	Want cssstore.Hash `json:"want,omitzero"`
	Have cssstore.Hash `json:"have,omitzero"`
}

// cssReport is the output of "css check".
type cssReport struct {
	Store    string       `json:"store"` // "files" or "shared_cache"
	Projects int          `json:"projects"`
	Findings []cssFinding `json:"findings"`
	Error    string       `json:"error,omitempty"`
}

func cssCheck(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where cssClusterFlags
	where.register(flags)
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"css check takes no arguments"}
		}
		c, err := a.openCSSCluster(&where, false) //nolint:contextcheck // go-redis asks for a context where it only makes a client
		if err != nil {
			return err
		}
		defer c.close()
		r, err := c.check(ctx)
		if err != nil {
			r.Error = err.Error()
		}
		if shown := a.showCSSReport(r, *asJSON); shown != nil {
			return shown
		}
		if err != nil && !*asJSON {
			return err
		}
		if err != nil || len(r.Findings) > 0 {
			return exitError(1)
		}
		return nil
	}
}

func (c *cssCluster) check(ctx context.Context) (cssReport, error) {
	r := cssReport{Store: "files", Findings: []cssFinding{}}
	if c.shared() {
		r.Store = "shared_cache"
	}
	projects, err := c.projects.Projects(ctx)
	if err != nil {
		return r, err
	}
	r.Projects = len(projects)
	stored := make(map[cssstore.UUID]cssstore.Hash, len(projects))
	for _, p := range projects {
		stored[p.UUID] = p.Hash
	}
	drift, err := mirror.Check(ctx, c.store, stored)
	for _, d := range drift {
		r.Findings = append(r.Findings, cssFinding{d.Project, string(d.Kind), d.Want, d.Have})
	}
	if c.shared() && c.files != nil {
		left, mappingErr := c.files.Mappings(ctx)
		err = errors.Join(err, mappingErr)
		for _, m := range left {
			r.Findings = append(r.Findings, cssFinding{m.Project, "mapping", stored[m.Project], m.Hash})
		}
	}
	return r, err
}

func (a *app) showCSSReport(r cssReport, asJSON bool) error {
	if asJSON {
		return a.printJSON(r)
	}
	if len(r.Findings) > 0 {
		t := a.newTable("FINDING", "PROJECT", "DATABASE", "STORED")
		for _, f := range r.Findings {
			t.add(cell{f.Kind, yellow}, f.Project, shortHash(f.Want), shortHash(f.Have))
		}
		if err := t.write(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.stdout, "%d projects, %d findings in %s\n", r.Projects, len(r.Findings), strings.ReplaceAll(r.Store, "_", " "))
	return err
}

// shortHash returns the first digits of a hash for people.
func shortHash(h cssstore.Hash) string {
	if h.IsZero() {
		return "none"
	}
	return h.String()[:12]
}
