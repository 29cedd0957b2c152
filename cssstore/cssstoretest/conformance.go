package cssstoretest

import (
	"context"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
)

// Conformance runs the suite, with a store from open for each subtest. They may all store
// in the same place: the suite uses random projects, and removes them. It panics if
// open or an option is nil.
func Conformance(t *testing.T, open func(t *testing.T) cssstore.Store, opts ...Option) {
	t.Helper()
	if open == nil {
		panic("cssstoretest: Conformance: open is nil")
	}
	var cfg config
	option.Apply("cssstoretest: Conformance", &cfg, opts)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if reason, ok := cfg.skip[r.name]; ok {
				t.Skip(reason)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			t.Cleanup(cancel)
			s := &suite{T: t, ctx: ctx, why: r.why, store: open(t)}
			if s.store == nil {
				t.Fatal("open returned no store")
			}
			r.check(s)
		})
	}
}

// Option changes what [Conformance] checks.
type Option func(*config)

type config struct{ skip map[string]string }

// WithoutRule skips the rule with the name of its subtest, and logs the reason.
func WithoutRule(name, reason string) Option {
	return func(c *config) {
		if c.skip == nil {
			c.skip = map[string]string{}
		}
		c.skip[name] = reason
	}
}

// rule is a property of stores that portable code relies on.
type rule struct {
	name  string
	why   string
	check func(*suite)
}

var rules = []rule{
	{"ReadsBackWhatWasPut", "bytes in, the same bytes out: two nodes must not serve different bytes under one hash", (*suite).roundTrip},
	{"AbsentIsErrNotFound", "callers prepare what is missing, and only that", (*suite).absent},
	{"PutReplaces", "a design that is saved is what visitors get from then on", (*suite).replaces},
	{"PutReplacesUnderTheSameHash", "after an update of mosparo the same design has other bytes", (*suite).sameHash},
	{"PutBackMakesCurrent", "a design can be changed back to an earlier one", (*suite).putBack},
	{"ProjectsAreApart", "two projects with the same design have the same hash and different bytes", (*suite).projects},
	{"DeleteRemovesEverything", "a deleted project must be gone, all of its versions", (*suite).remove},
	{"InvalidIsRefused", "what has no hash cannot be found", (*suite).invalid},
	{"TheCallerOwnsTheBytes", "callers change what they got and reuse what they gave", (*suite).ownership},
	{"EndedContextsDoNothing", "an abandoned request must not write", (*suite).contexts},
	{"ListYieldsProjects", "operators look for what no project owns any more", (*suite).list},
	{"VersionGivesNoOtherHash", "bytes of another hash would be kept by browsers for a year", (*suite).versions},
	{"ReadersMeetWholeVersions", "new bytes under an old hash would be kept by browsers for a year", (*suite).whole},
}
