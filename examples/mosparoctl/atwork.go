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

// atWork describes the Go nodes that are working: the node that cleans, by its record in
// the cache, and the holders of the locks for which counts returns true. It does not find
// callers that wait for a lock or nodes that wait for the next cleanup.
func atWork(ctx context.Context, pool *cache.Pool, l *lock.Locker, counts func(name string) bool) ([]string, error) {
	var found []string
	r, err := cleanup.ActiveRun(ctx, pool)
	switch {
	case err != nil:
		return nil, err
	case r != nil && r.NodeUnknown:
		found = append(found, "a node of a newer version may be cleaning: mosparoGoCleanup has an unknown format")
	case r != nil:
		found = append(found, fmt.Sprintf("%s (pid %d) has been cleaning since %s", r.Host, r.PID, shortTime(r.Time)))
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

// isOwnLock reports whether a lock is one of this library's own. Slots, which stay used
// when their job has ended, do not count.
func isOwnLock(name string) bool {
	return strings.HasPrefix(name, lock.ReservedPrefix) && !strings.HasPrefix(name, lock.ReservedPrefix+"once/")
}

// holders yields the locks that are held, or only that of the cleanup if the backend
// cannot list locks.
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

// checkIdle returns an error if Go nodes are working.
func checkIdle(ctx context.Context, pool *cache.Pool, l *lock.Locker, counts func(name string) bool) error {
	found, err := atWork(ctx, pool, l, counts)
	switch {
	case err != nil:
		return fmt.Errorf("cannot find out whether a Go node is working (--force skips this check): %w", err)
	case len(found) == 0:
		return nil
	}
	return fmt.Errorf("there are Go nodes that are working; stop them first, or use --force:\n%s", strings.Join(found, "\n"))
}
