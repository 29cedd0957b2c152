package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mosparo/go-cluster/envconfig/connect"
)

// connectOptions returns the options for connecting to servers. It starts the timeout of a
// command that asks once.
func (a *app) connectOptions() ([]connect.Option, error) {
	if a.timeout <= 0 {
		return nil, usageError{"--timeout must be positive, such as 30s"}
	}
	a.limit()
	// The timeout of a command includes several servers or attempts.
	each := min(a.timeout, max(connect.DefaultTimeout, a.timeout/5))
	return []connect.Option{connect.WithTimeout(each), connect.WithLogger(a.warnings())}, nil
}

// request limits a request of a command that works.
func (a *app) request(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, a.timeout, errTimeout(a.timeout))
	defer cancel()
	return nameTimeout(ctx, ask(ctx))
}

// nameTimeout adds to an error that --timeout caused it, if it did.
func nameTimeout(ctx context.Context, err error) error {
	var late errTimeout
	if err != nil && errors.As(context.Cause(ctx), &late) && !errors.As(err, &late) {
		return fmt.Errorf("%w: %w", late, err)
	}
	return err
}
