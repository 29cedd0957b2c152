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
			panic("health.Option: it is nil")
		}
		f(&o)
	}
	for _, c := range o.checks {
		c.outage.logger = o.logger
	}
	return o
}

// WithReadiness adds checks to [ReadyPath]. The default is none: the node is ready
// until it drains. It panics for a check without name or function, and for a name
// that occurs twice.
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

// WithInstallation sets the function that reports the state of mosparo's
// installation. mosparo's check calls it for each request, since mosparo may be
// updated while this node runs; the function is called as that of a [Check] is. The
// default, and nil, is [Installed].
func WithInstallation(f func(ctx context.Context) Installation) Option {
	return func(o *options) {
		if o.installation = f; f == nil {
			o.installation = func(context.Context) Installation { return Installed }
		}
	}
}

// WithLogger logs refused clients, requests for paths that are not served, when a
// check begins and ceases to fail, and a token that every user can read. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) {
		if o.logger = l; l == nil {
			o.logger = slog.New(slog.DiscardHandler)
		}
	}
}
