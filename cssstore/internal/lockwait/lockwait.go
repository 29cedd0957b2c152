// Package lockwait has the time for which Put and Delete wait for a lock that another
// writer holds. A mirror shortens it through the context, so that one held lock does not
// stop its pass over all projects.
package lockwait

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
)

// Default is the time if the context has no other.
const Default = 10 * time.Second

type key struct{}

// With returns a context with which writers wait for d.
func With(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, key{}, d)
}

// Of returns the time of a context.
func Of(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(key{}).(time.Duration); ok {
		return d
	}
	return Default
}

// IsHeld reports whether err is that of a writer that gave up waiting for the lock.
func IsHeld(err error) bool {
	return errors.Is(err, lock.ErrHeld) || errors.Is(err, sharedfiles.ErrBusy)
}
