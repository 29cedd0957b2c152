package page

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// maxLocks is how many locks the page shows.
const maxLocks = 100

// heldLocks are the locks that are held now.
type heldLocks struct {
	locks []lock.Holder
	// more is true if there are others than these.
	more bool
	// only is true if the backend cannot list its locks: then they are that of the
	// cleanup alone.
	only bool
}

func (p *Page) readLocks(ctx context.Context) (heldLocks, error) {
	var held heldLocks
	for h, err := range p.node.Locker.Holders(ctx) {
		if errors.Is(err, errors.ErrUnsupported) {
			return p.readCleanupLock(ctx)
		}
		if err != nil {
			return held, err
		}
		if held.more = len(held.locks) == maxLocks; held.more {
			break
		}
		held.locks = append(held.locks, h)
	}
	slices.SortFunc(held.locks, func(a, b lock.Holder) int { return cmp.Compare(a.Name, b.Name) })
	return held, nil
}

func (p *Page) readCleanupLock(ctx context.Context) (heldLocks, error) {
	h, err := p.node.Locker.Holder(ctx, cleanup.LockName)
	switch {
	case errors.Is(err, lock.ErrNotHeld):
		return heldLocks{only: true}, nil
	case err != nil:
		return heldLocks{only: true}, err
	}
	return heldLocks{locks: []lock.Holder{h}, only: true}, nil
}

// lockView is a row of the table of locks.
type lockView struct {
	Name, Purpose, Holder string
	// Since is nil if the record of the lock does not say.
	Since *moment
	Held  string // for how long
	// Left is for how long the lease lasts unless it is renewed, empty if unknown.
	Left string
}

func lockViews(held heldLocks, now time.Time) []lockView {
	views := make([]lockView, 0, len(held.locks))
	for _, h := range held.locks {
		v := lockView{Name: plain(h.Name), Purpose: purpose(h), Holder: holderOf(h.Owner)}
		if since := h.Owner.Since; !since.IsZero() {
			v.Since, v.Held = &moment{since}, duration(now.Sub(since))
		}
		if h.TTL > 0 {
			v.Left = duration(h.TTL)
		}
		views = append(views, v)
	}
	return views
}

func holderOf(o lock.Owner) string {
	if o.Host == "" {
		return "unknown"
	}
	return plain(o.Host) + ", process " + strconv.Itoa(o.PID)
}

// purpose says what the library's own locks are for, and shows the label of any other.
func purpose(h lock.Holder) string {
	own, ok := strings.CutPrefix(h.Name, lock.ReservedPrefix)
	switch {
	case h.Name == cleanup.LockName:
		return "the cleanup of the database"
	case ok && strings.HasPrefix(own, "waiting/"):
		return "a process waits for this lock"
	case ok && strings.HasPrefix(own, "once/"):
		return "a job that has run"
	case ok && strings.HasPrefix(own, "css"):
		return "the CSS of a project"
	}
	return plain(h.Owner.Label)
}
