package lock

import (
	"context"
	"errors"
	"time"
)

// Acquire acquires the name, or says who holds it. By default it tries once; see
// [WithWait]. Then it takes one call timeout ([WithCallTimeout]) at most, or two if
// this process has held the name for a full poll interval (see Fairness): it first
// asks whether another process waits. The lease keeps the values of ctx but not its
// end: a context that bounds the waiting does not bound the lease. End it with
// Release.
//
// Errors: [*HeldError] if the name is held (after the wait, if one was asked
// for), if another caller of this Locker is just asking for it, then with an
// empty Owner, or if this process has had its share and another one waits, then
// with that one as Owner; [ErrUnavailable] if the server cannot be asked,
// the cause of ctx, [ErrClosed], [*ArgumentError]. After any of them this call
// holds nothing: if a reply was lost, what the server may have granted is
// released in the background.
func (l *Locker) Acquire(ctx context.Context, name string, opts ...AcquireOption) (*Lease, error) {
	le := &Lease{srv: l.server, name: name, parent: ctx, opts: l.defaults}
	le.opts.apply(opts)
	if err := le.opts.check(name, l.props); err != nil {
		return nil, err
	}
	if !l.tasks.begin() {
		return nil, wrapErr("acquire", name, ErrClosed)
	}
	defer l.tasks.finish()
	w, cancel := l.newWaiting(ctx, le.opts)
	defer cancel()
	began := time.Now()
	err := l.acquire(w, le)
	l.tell(ctx, Event{Op: "acquire", Name: name, Duration: time.Since(began), Err: err})
	if err != nil {
		return nil, wrapErr("acquire", name, err)
	}
	return le, nil
}

// acquire takes the lease, which has no other user yet.
func (l *Locker) acquire(w waiting, le *Lease) error {
	permit, stop, err := l.queues.wait(w.limited, le.name, !w.once)
	if err != nil {
		return w.err(stop, err)
	}
	le.permit, le.claim = permit, l.newClaim(le.opts.label)
	if err = le.attempts(w); err != nil {
		if !le.lastAmbiguous.IsZero() {
			l.undo(w.ctx, le.name, le.claim.Token, le.opts.serverTTL(l.props, 0))
		}
		permit.pass()
	}
	return err
}

// attempts asks the server until it grants the lease or the wait is over, always
// with the same token: what was granted by a request whose reply was lost is
// granted again.
func (le *Lease) attempts(w waiting) error {
	if held := le.permit.yield(w.limited); held != nil {
		if w.once {
			return w.err(nil, held)
		}
		if stop := w.sleep(held.ExpiresIn); stop != nil {
			return w.err(stop, held)
		}
	}
	for {
		if err := w.checkOpen(); err != nil {
			return err
		}
		err := le.attempt(w.ctx)
		if err == nil {
			return nil
		}
		if w.once || isRefusal(err) {
			return w.err(nil, err)
		}
		if errors.Is(err, ErrHeld) && w.canPoll() {
			le.permit.showWait(w.limited)
		}
		if stop := w.pause(err); stop != nil {
			return w.err(stop, err)
		}
	}
}

// ownerOf returns the holder that a *HeldError names.
func ownerOf(err error) Owner {
	var held *HeldError
	if errors.As(err, &held) {
		return held.Owner
	}
	return Owner{}
}

// attempt asks the server once.
func (le *Lease) attempt(ctx context.Context) error {
	fence, err := le.srv.tryAcquire(ctx, le.name, &le.claim, le.opts.serverTTL(le.srv.props, 0))
	switch {
	case isAmbiguous(err):
		le.lastAmbiguous = time.Now()
		if ctx.Err() == nil {
			le.permit.failed(err)
		}
	case errors.Is(err, ErrHeld):
		le.permit.heldElsewhere(ownerOf(err))
	case err == nil:
		le.fence, le.began = fence, le.claim.Owner.Since
		le.deadline = le.limit(le.began)
		// Close may end a lease that it knows, and then the permit is another's.
		le.permit.acquired(le.claim.Owner)
		if !le.srv.tasks.add(le) {
			le.lastAmbiguous = time.Now()
			return ErrClosed
		}
		le.start()
	}
	return err
}
