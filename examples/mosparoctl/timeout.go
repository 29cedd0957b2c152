package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mosparo/go-cluster/envconfig/connect"
)

// connecting are the options of all that a command opens. The time of a
// command that asks once begins here, after its flags are read.
func (a *app) connecting() ([]connect.Option, error) {
	if a.timeout <= 0 {
		return nil, usageError{"--timeout is positive, such as 30s"}
	}
	a.limit()
	// Several servers or tries have to fit into the time of a command.
	each := min(a.timeout, max(connect.DefaultTimeout, a.timeout/5))
	return []connect.Option{connect.WithTimeout(each), connect.WithLogger(a.warnings())}, nil
}

// request bounds one request of a command that works.
func (a *app) request(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, a.timeout, errTimeout(a.timeout))
	defer cancel()
	return nameTimeout(ctx, ask(ctx))
}

// nameTimeout adds to an error that it came from --timeout, if it did.
func nameTimeout(ctx context.Context, err error) error {
	var late errTimeout
	if err != nil && errors.As(context.Cause(ctx), &late) && !errors.As(err, &late) {
		return fmt.Errorf("%w: %w", late, err)
	}
	return err
}
