// Package lockwait says for how long a Put or Delete waits for a lock that
// another writer holds. A mirror shortens the wait through the context: one held
// lock must not stop its pass over all projects.
package lockwait

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
)

// Default is the wait of a writer whose context says nothing else.
const Default = 10 * time.Second

type key struct{}

// With returns a context under which writers wait for d.
func With(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, key{}, d)
}

// Of returns the wait of a context.
func Of(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(key{}).(time.Duration); ok {
		return d
	}
	return Default
}

// IsHeld reports whether a writer gave up because another one holds the lock.
func IsHeld(err error) bool {
	return errors.Is(err, lock.ErrHeld) || errors.Is(err, sharedfiles.ErrBusy)
}
