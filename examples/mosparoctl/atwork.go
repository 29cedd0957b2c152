package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// atWork says which Go nodes are at work: one that cleans, by its record in the
// cache, and those that hold a lock whose name counts. It does not see callers
// that wait for a lock, nor nodes that wait for the next cleanup.
func atWork(ctx context.Context, pool *cache.Pool, l *lock.Locker, counts func(name string) bool) ([]string, error) {
	var found []string
	r, err := cleanup.ActiveRun(ctx, pool)
	switch {
	case err != nil:
		return nil, err
	case r != nil && r.NodeUnknown:
		found = append(found, "a node of a newer version may clean: mosparoGoCleanup has a format that this program does not know")
	case r != nil:
		found = append(found, fmt.Sprintf("%s (pid %d) cleans since %s", r.Host, r.PID, shortTime(r.Time)))
	}
	for h, err := range holders(ctx, l) {
		if err != nil {
			return nil, err
		}
		if counts(h.Name) && !strings.HasPrefix(h.Name, lock.ReservedPrefix+"waiting/") {
			found = append(found, fmt.Sprintf("the lock %q is held by %s (pid %d)", h.Name, h.Owner.Host, h.Owner.PID))
		}
	}
	return found, nil
}

func anyLock(string) bool { return true }

// isOwnLock reports whether a lock is one of this library's own: no slot, which
// stays used when a job has ended.
func isOwnLock(name string) bool {
	return strings.HasPrefix(name, lock.ReservedPrefix) && !strings.HasPrefix(name, lock.ReservedPrefix+"once/")
}

// holders yields the locks that are held; where the backend cannot list them,
// that of the cleanup.
func holders(ctx context.Context, l *lock.Locker) func(func(lock.Holder, error) bool) {
	return func(yield func(lock.Holder, error) bool) {
		for h, err := range l.Holders(ctx) {
			if errors.Is(err, errors.ErrUnsupported) {
				h, err = l.Holder(ctx, cleanup.LockName)
				if errors.Is(err, lock.ErrNotHeld) {
					return
				}
			}
			if !yield(h, err) {
				return
			}
		}
	}
}

// checkIdle refuses what would harm nodes at work.
func checkIdle(ctx context.Context, pool *cache.Pool, l *lock.Locker, counts func(name string) bool) error {
	found, err := atWork(ctx, pool, l, counts)
	switch {
	case err != nil:
		return fmt.Errorf("cannot tell whether a Go node is at work (--force does not ask): %w", err)
	case len(found) == 0:
		return nil
	}
	return fmt.Errorf("there are Go nodes at work; stop them, or do it all the same with --force:\n%s", strings.Join(found, "\n"))
}
