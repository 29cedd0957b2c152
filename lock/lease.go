package lock

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Lease is a name that this process holds. It is renewed until it is released
// or lost. Work that must not go on without it watches Context, and asks Err
// before every step that cannot be undone. All methods are safe for
// concurrent use.
type Lease struct {
	srv    *server
	name   string
	claim  Claim
	fence  uint64
	opts   settings
	permit permit
	began  time.Time // when the request was sent

	// lastAmbiguous is when the last request with unknown outcome failed. It is not
	// changed once there is a lease.
	lastAmbiguous time.Time

	parent context.Context // for its values

	mu       sync.Mutex // never held across a wait
	deadline time.Time  // on the monotonic clock
	ended    error      // why the lease ended, nil while it is held
	ctx      context.Context
	cancel   context.CancelCauseFunc // nil until the context is asked for
	renewal  renewal

	releasing deadlineContext // of the first request to release it
	passed    sync.Once
}

// Name returns the name that is held.
func (le *Lease) Name() string { return le.name }

// Token returns the token of this acquisition, which is all that a release needs.
func (le *Lease) Token() Token { return le.claim.Token }

// Holder returns what others see of this lease. Its TTL is what is left, 0 when
// the lease has ended.
func (le *Lease) Holder() Holder {
	h := Holder{Name: le.name, Owner: le.claim.Owner, Token: le.claim.Token, Fence: le.fence}
	if le.Err() == nil {
		h.TTL = max(time.Until(le.Expiry()), 0)
	}
	return h
}

// Fence returns the fencing token: larger than that of every earlier holder, where
// the backend promises so, else 0. A store that refuses smaller ones than it has
// seen is safe even from a holder that does not know yet that it lost the lease.
func (le *Lease) Fence() uint64 { return le.fence }

// Expiry returns when the lease ends unless it is renewed, by this process's
// monotonic clock: the TTL counted from before the request was sent, less the
// margin; see [Properties].
func (le *Lease) Expiry() time.Time {
	le.mu.Lock()
	defer le.mu.Unlock()
	return le.deadline
}

// Context returns a context that ends when the lease ends. Its cause is [ErrLost], [ErrMaxHold],
// [ErrReleased] or [ErrClosed]. It has the values of the context given to
// Acquire, and the lease itself; see [FromContext].
func (le *Lease) Context() context.Context {
	le.mu.Lock()
	defer le.mu.Unlock()
	if le.ctx == nil {
		le.ctx, le.cancel = context.WithCancelCause(withLease(le.values(), le))
		if le.ended != nil {
			le.cancel(le.ended)
		}
	}
	return le.ctx
}

// values returns a context with the values of the one of Acquire, and no end.
func (le *Lease) values() context.Context { return context.WithoutCancel(le.parent) }

// Err returns nil while the lease is held, then the cause of its end. It reads the
// clock itself: in a process that was stopped and goes on, code may run before
// the timer that ends the context.
func (le *Lease) Err() error {
	le.mu.Lock()
	late := le.ended == nil && !time.Now().Before(le.deadline)
	err := le.ended
	le.mu.Unlock()
	if !late {
		return err
	}
	le.expire()
	le.mu.Lock()
	defer le.mu.Unlock()
	return le.ended
}

// end marks the lease as ended, once, and reports whether it did.
func (le *Lease) end(why error) bool {
	le.mu.Lock()
	if le.ended != nil {
		le.mu.Unlock()
		return false
	}
	le.ended = why
	le.endRenewal()
	cancel := le.cancel
	le.mu.Unlock()
	if cancel != nil {
		cancel(why)
	}
	return true
}

// expire ends the lease if its deadline has passed.
func (le *Lease) expire() {
	le.mu.Lock()
	left := time.Until(le.deadline)
	why := ErrLost
	if le.opts.maxHold > 0 && !time.Now().Before(le.began.Add(le.opts.maxHold)) {
		why = ErrMaxHold
	}
	le.mu.Unlock()
	if left > 0 {
		return // renewed meanwhile
	}
	le.lose(why)
}

// lose ends the lease without a Release, and frees what the server may still
// keep.
func (le *Lease) lose(why error) {
	if !le.end(why) {
		return
	}
	held := time.Since(le.began)
	le.srv.logger.WarnContext(le.values(), "lease ended", slog.String("lock", le.name), slog.Duration("hold", held), slog.Any("error", why))
	le.srv.tell(le.values(), Event{Op: "end", Name: le.name, Duration: held, Err: why})
	if le.minHoldElapsed() {
		le.srv.undo(le.parent, le.name, le.claim.Token, le.opts.ttl)
	}
	le.pass()
	le.srv.tasks.remove(le)
}

// pass hands the permit on, once.
func (le *Lease) pass() { le.passed.Do(le.permit.pass) }

// Release gives the name back, also when ctx or the lease's context has ended:
// it takes no deadline from ctx, only values. It first waits for a renewal in
// flight, for one call timeout at most ([WithCallTimeout]). If the server does not
// answer, it retries for one call timeout, and then goes on in the background.
//
// It returns nil if the lease ended by this call or an earlier Release, the cause
// of its end ([ErrLost], [ErrMaxHold]) if it had ended before, and
// [ErrUnavailable] if the server could not be told; then the server frees the name
// when the TTL is over.
func (le *Lease) Release(ctx context.Context) error {
	err := le.release(ctx, ErrReleased)
	if err != nil {
		return wrapErr("release", le.name, err)
	}
	return nil
}

func (le *Lease) release(ctx context.Context, why error) error {
	if err := le.Err(); err != nil || !le.end(why) {
		le.mu.Lock()
		err = le.ended
		le.mu.Unlock()
		switch {
		case errors.Is(err, ErrReleased):
			return nil
		case !errors.Is(err, ErrClosed):
			// It was lost: a caller that learned so from its context may be here before lose has
			// passed the permit, and may acquire the name again.
			le.pass()
		}
		return err
	}
	held := time.Since(le.began)
	// A renewal that is in flight must not come after the release.
	le.awaitRenewal()
	err := le.giveBack(ctx)
	le.srv.tell(ctx, Event{Op: "release", Name: le.name, Duration: held, Err: err})
	le.pass()
	le.srv.tasks.remove(le)
	return err
}

// attempts is how often a release is tried before it is left to the
// background.
const attempts = 3

// giveBack releases the name on the server, or lets it keep the name for what is
// left of the minimum hold. When that is over, ErrLost for a release that is tried
// again means that the first one has worked.
func (le *Lease) giveBack(ctx context.Context) error {
	end := le.srv.releaseBy()
	call := &le.releasing
	var err error
	for i := range attempts {
		call.start(ctx, &le.srv.schedule, minTime(time.Now().Add(le.srv.call/attempts), end))
		err = le.giveBackOnce(call)
		call.cancel()
		switch {
		case err == nil, errors.Is(err, ErrLost) && i > 0 && le.minHoldElapsed():
			le.cancelInFlight()
			return nil
		case errors.Is(err, ErrLost):
			return err
		}
		if !time.Now().Before(end) {
			break // a client that knows no contexts took all the time
		}
		call = new(deadlineContext)
	}
	if le.minHoldElapsed() && !le.srv.tasks.isClosing() {
		le.srv.undo(le.parent, le.name, le.claim.Token, le.opts.ttl)
	}
	return unavailable(err)
}

func (le *Lease) giveBackOnce(ctx context.Context) error {
	if rest := le.opts.minHold - time.Since(le.began); rest > 0 {
		return le.srv.backend.Renew(ctx, le.name, le.claim.Token, max(le.srv.props.covering(rest), le.srv.props.minTTL()))
	}
	return le.srv.backend.Release(ctx, le.name, le.claim.Token)
}

// cancelInFlight undoes an earlier acquire request that may still reach the
// server.
func (le *Lease) cancelInFlight() {
	if !le.lastAmbiguous.IsZero() && time.Since(le.lastAmbiguous) < le.srv.call && le.minHoldElapsed() {
		le.srv.undo(le.parent, le.name, le.claim.Token, le.opts.ttl)
	}
}

// minHoldElapsed reports whether the minimum hold is over.
func (le *Lease) minHoldElapsed() bool { return time.Since(le.began) >= le.opts.minHold }
