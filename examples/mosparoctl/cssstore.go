package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"time"
	"unicode/utf8"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/lock"
)

// cssFlags are the flags that select the store.
type cssFlags struct {
	resources *string
	mappings  *bool
}

func newCSSFlags(flags *flag.FlagSet, writes bool) cssFlags {
	f := cssFlags{
		resources: flags.String("resources", "", "use this folder, mosparo's public/resources, instead of the shared cache"),
		mappings:  new(bool),
	}
	if writes {
		flags.BoolVar(f.mappings, "mappings", false, "also change mappings.php in that folder")
	}
	return f
}

// withCSS opens the store, calls do, and closes the cache below it.
func (a *app) withCSS(f cssFlags, do func(cssstore.Store) error) error {
	return a.withCSSAndLocks(f, nil, do)
}

// withCSSToWrite is withCSS for writers, which lock each other out. If the nodes do not
// share the locks, there is a warning; what is written is complete also then.
func (a *app) withCSSToWrite(f cssFlags, do func(cssstore.Store) error) error {
	return a.withLocker(func(l *lock.Locker) error { return a.withCSSAndLocks(f, l, do) })
}

func (a *app) withCSSAndLocks(f cssFlags, locker *lock.Locker, do func(cssstore.Store) error) error {
	if *f.resources == "" {
		return a.withCache(func(c cache.Adapter) error {
			return do(cachestore.New(cache.NewPool(c), cachestore.WithLocker(locker)))
		})
	}
	opts := []filestore.Option{filestore.WithLocker(locker)}
	if *f.mappings {
		opts = append(opts, filestore.WithMappings())
	}
	return do(filestore.New(*f.resources, opts...))
}

// check returns an error for flags that exclude each other.
func (f cssFlags) check() error {
	if *f.mappings && *f.resources == "" {
		return usageError{"--mappings needs --resources"}
	}
	return nil
}

// cssLine is one line of "css ls" and "css get --json".
type cssLine struct {
	Project  cssstore.UUID  `json:"project"`
	Hash     *cssstore.Hash `json:"hash,omitempty"`
	Settled  *bool          `json:"settled,omitempty"`
	Alias    *cssstore.Hash `json:"alias,omitempty"`
	Bytes    *int           `json:"bytes,omitempty"`
	SHA256   string         `json:"sha256,omitempty"`
	Modified *time.Time     `json:"modified,omitempty"`
	Base     string         `json:"base,omitempty"`
	Version  string         `json:"version,omitempty"`
	CSS      *string        `json:"css,omitempty"`
	CSSB64   []byte         `json:"css_b64,omitempty"`
	Error    string         `json:"error,omitempty"`
}

func newCSSLine(project cssstore.UUID, r cssstore.Resource, err error) cssLine {
	if err != nil {
		return cssLine{Project: project, Error: err.Error()}
	}
	n, sum := len(r.CSS), sha256.Sum256(r.CSS)
	l := cssLine{
		Project: project, Hash: &r.Hash, Settled: &r.Settled, Bytes: &n, SHA256: hex.EncodeToString(sum[:]),
		Base: r.Source.Base, Version: r.Source.Version,
	}
	if !r.Modified.IsZero() {
		at := r.Modified.UTC()
		l.Modified = &at
	}
	if !r.Alias.IsZero() {
		l.Alias = &r.Alias
	}
	return l
}

func parseUUIDs(args []string) ([]cssstore.UUID, error) {
	if len(args) == 0 {
		return nil, usageError{"a project is missing"}
	}
	all := make([]cssstore.UUID, len(args))
	for i, text := range args {
		var err error
		if all[i], err = cssstore.ParseUUID(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func oneUUID(args []string) (cssstore.UUID, error) {
	if len(args) > 1 {
		return cssstore.UUID{}, usageError{"one project at a time"}
	}
	all, err := parseUUIDs(args)
	if err != nil {
		return cssstore.UUID{}, err
	}
	return all[0], nil
}

func cssGet(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	where := newCSSFlags(flags, false)
	asJSON := flags.Bool("json", false, "write a JSON line with the CSS, the hash and other details")
	return func(args []string) error {
		project, err := oneUUID(args)
		if err != nil {
			return err
		}
		return a.withCSS(where, func(s cssstore.Store) error {
			r, err := cssstore.GetSettled(ctx, s, project)
			if err != nil {
				return err
			}
			if !*asJSON {
				_, err := a.stdout.Write(r.CSS)
				return err
			}
			line := newCSSLine(project, r, nil)
			if css := string(r.CSS); utf8.ValidString(css) {
				line.CSS = &css
			} else {
				line.CSSB64 = r.CSS
			}
			return a.jsonLines()(line)
		})
	}
}

func cssPut(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	where := newCSSFlags(flags, true)
	hash := flags.String("hash", "", `the hash of the design, as "css prepare" shows it`)
	return func(args []string) error {
		project, err := oneUUID(args)
		if err != nil {
			return err
		}
		h, err := cssstore.ParseHash(*hash)
		if err != nil {
			return usageError{"css put takes --hash: " + err.Error()}
		}
		if err := where.check(); err != nil {
			return err
		}
		css, err := a.input()
		if err != nil {
			return err
		}
		return a.withCSSToWrite(where, func(s cssstore.Store) error {
			return s.Put(ctx, cssstore.Resource{Project: project, Hash: h, CSS: css})
		})
	}
}

func cssRemove(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	where := newCSSFlags(flags, true)
	return func(args []string) error {
		projects, err := parseUUIDs(args)
		if err != nil {
			return err
		}
		if err := where.check(); err != nil {
			return err
		}
		return a.withCSSToWrite(where, func(s cssstore.Store) error {
			var errs []error
			for _, p := range projects {
				errs = append(errs, s.Delete(ctx, p))
			}
			return errors.Join(errs...)
		})
	}
}

func cssList(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	where := newCSSFlags(flags, false)
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"css ls takes no arguments"}
		}
		return a.withCSS(where, func(s cssstore.Store) error {
			var all []cssLine
			for p, err := range cssstore.List(ctx, s) {
				if err != nil {
					return errors.Join(a.showCSSLines(all, *asJSON), err)
				}
				r, err := s.Get(ctx, p)
				all = append(all, newCSSLine(p, r, err))
			}
			return a.showCSSLines(all, *asJSON)
		})
	}
}

// showCSSLines writes a table on a terminal, and JSON lines elsewhere.
func (a *app) showCSSLines(all []cssLine, asJSON bool) error {
	if asJSON || !a.outTTY {
		return writeLines(a, all)
	}
	t := a.newTable("PROJECT", "HASH", "BYTES", "MODIFIED", "MOSPARO")
	for _, l := range all {
		if l.Error != "" {
			t.add(l.Project, cell{l.Error, red})
			continue
		}
		modified := ""
		if l.Modified != nil {
			modified = shortTime(*l.Modified)
		}
		t.add(l.Project, shortHash(*l.Hash), *l.Bytes, modified, l.Version)
	}
	return t.write()
}
