package health

import (
	"context"
	"log/slog"
	"slices"
)

// Option changes a default of [New] or [ReadToken].
type Option func(*options)

type options struct {
	checks       []*namedCheck
	installation func(context.Context) Installation
	logger       *slog.Logger
}

func newOptions(opts []Option) options {
	o := options{
		installation: func(context.Context) Installation { return Installed },
		logger:       slog.New(slog.DiscardHandler),
	}
	for _, f := range opts {
		if f == nil {
			panic("health: opts has a nil Option")
		}
		f(&o)
	}
	for _, c := range o.checks {
		c.outage.logger = o.logger
	}
	return o
}

// WithReadiness adds checks to [ReadyPath]. The default is none: the node is ready until
// it drains. It panics if a check has no name or no function, and [New] panics if two
// checks have the same name.
func WithReadiness(checks ...Check) Option {
	for _, c := range checks {
		if c.Name == "" {
			panic("health.WithReadiness: Name is empty")
		}
		if c.Func == nil {
			panic("health.WithReadiness: Func is nil")
		}
	}
	return func(o *options) {
		for _, c := range checks {
			if slices.ContainsFunc(o.checks, func(other *namedCheck) bool { return other.name == c.Name }) {
				panic("health.WithReadiness: Name is not unique: " + c.Name)
			}
			o.checks = append(o.checks, newNamedCheck(c))
		}
	}
}

// WithInstallation sets the function that returns the state of mosparo's installation.
// mosparo's check calls it whenever it runs, since mosparo may be updated while this node
// runs; the rules of [Check].Func apply. The default, also for nil, is [Installed].
func WithInstallation(f func(ctx context.Context) Installation) Option {
	return func(o *options) {
		if o.installation = f; f == nil {
			o.installation = func(context.Context) Installation { return Installed }
		}
	}
}

// WithLogger logs refused clients, requests for paths that are not served, the first
// failure of a check and its recovery, and a token file that every user can read. The
// default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) {
		if o.logger = l; l == nil {
			o.logger = slog.New(slog.DiscardHandler)
		}
	}
}
