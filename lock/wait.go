package lock

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// waiting is how one call waits between its attempts: for as long as its options
// allow, its context lasts and the Locker is open.
type waiting struct {
	ctx     context.Context // of the caller
	limited context.Context // ends when the wait is over, too
	closing context.Context // of the Locker
	once    bool            // there is one attempt
	poll    time.Duration
	random  func(time.Duration) time.Duration
}

// newWaiting returns the waiting of a call with these options; cancel ends it.
func (l *Locker) newWaiting(ctx context.Context, s settings) (w waiting, cancel context.CancelFunc) {
	w = waiting{ctx: ctx, limited: ctx, closing: l.tasks.closing, once: s.wait == 0, poll: l.poll, random: l.random}
	cancel = func() {}
	if s.wait > 0 {
		w.limited, cancel = context.WithTimeoutCause(ctx, s.wait, errWaitOver)
	}
	return w, cancel
}

// errWaitOver is the cause of the end of a limited wait.
var errWaitOver = errors.New("the wait is over")

// checkOpen returns ErrClosed or the cause of the caller's context, or nil.
func (w waiting) checkOpen() error {
	if w.closing.Err() != nil {
		return ErrClosed
	}
	return context.Cause(w.ctx)
}

// pause waits before the next attempt: for half to one and a half of the poll
// interval, and no longer than the name is held. It returns why the waiting
// ended.
func (w waiting) pause(last error) (stop error) {
	d := w.poll/2 + w.random(w.poll+1)
	var held *HeldError
	if errors.As(last, &held) && held.ExpiresIn > 0 {
		d = min(d, held.ExpiresIn+time.Millisecond)
	}
	return w.sleep(d)
}

// sleep waits for d. It returns why the waiting ended before, if it did.
func (w waiting) sleep(d time.Duration) (stop error) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-w.limited.Done():
		return context.Cause(w.limited)
	case <-w.closing.Done():
		return ErrClosed
	}
}

// canPoll reports whether the wait lasts until the next attempt.
func (w waiting) canPoll() bool {
	end, ok := w.limited.Deadline()
	return w.closing.Err() == nil && (!ok || time.Until(end) > w.poll*3/2)
}

// err returns the error of a call that failed: the cause of the caller's context
// or ErrClosed if that is why it stopped, and the error of the last attempt.
func (w waiting) err(stop, last error) error {
	if cause := context.Cause(w.ctx); cause != nil && !errors.Is(last, cause) {
		return fmt.Errorf("%w: %w", cause, last)
	}
	if errors.Is(stop, ErrClosed) {
		return stop
	}
	return last
}
