package cache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrLoadPanicked is returned by [Key.Fetch] to callers that were waiting for
// a load which panicked or called runtime.Goexit on another goroutine. The
// panic itself propagates there.
var ErrLoadPanicked = errors.New("the load of another caller panicked")

// Fetch returns the value of the key. If the cache has none, it calls load and
// stores the result; ttl 0 means no expiry. Callers of one pool that miss the
// same key at the same time share one load. It runs on the goroutine and with
// the context of the first caller; each of the others waits within its own
// deadline, then gets a value of its own, as a Get would have read it.
//
// An error of load is returned to all of them as it is, and nothing is stored;
// but if the context of the first caller has ended, the next one loads. If load
// panics, the panic propagates to the first caller, and the others get
// [ErrLoadPanicked]. Later calls load anew in every case. load must not Fetch
// the same key from the same pool: it would wait for itself.
//
// As in Symfony, errors of the cache are not fatal: if the entry cannot be read
// or decoded, or holds a null that T cannot be, Fetch calls load; if the result
// cannot be stored, Fetch still returns it. Such errors go to the observer and
// the log of the pool. Errors of Fetch's own are a [*KeyError],
// [ErrInvalidTTL], [ErrClosed], a [*php.EncodeError] for a value that PHP has no
// type for, and that of the context.
func (k Key[T]) Fetch(ctx context.Context, p *Pool, ttl time.Duration, load func(context.Context) (T, error)) (T, error) {
	var zero T
	if ttl < 0 {
		return zero, opError("fetch", string(k), fmt.Errorf("%w: %v", ErrInvalidTTL, ttl))
	}
	for {
		before := p.loads.count()
		v, err := k.Get(ctx, p)
		if may, end := k.mayLoad(ctx, err); !may {
			return v, end
		}
		l, leader, fresh := p.loads.join(string(k), before)
		if leader {
			return k.lead(ctx, p, l, fresh, err, ttl, load)
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return zero, opError("fetch", string(k), ctx.Err())
		}
		switch {
		case l.again:
		case l.err != nil:
			return zero, l.err
		default:
			return k.value(l.raw)
		}
	}
}

// mayLoad reports whether a Get that gave getErr calls for a load, and if not,
// the error of the Fetch.
func (k Key[T]) mayLoad(ctx context.Context, getErr error) (bool, error) {
	var key *KeyError
	if getErr == nil || errors.Is(getErr, ErrClosed) || errors.As(getErr, &key) {
		return false, getErr
	}
	end := contextErr(ctx)
	switch {
	case end == nil:
		return true, nil
	case errors.Is(getErr, end):
		return false, getErr
	case resultOf(getErr) == resultOK: // absent, or null
		return false, opError("fetch", string(k), end)
	}
	return false, fmt.Errorf("%w: %w", end, getErr)
}

// contextErr is ctx.Err, but also returns DeadlineExceeded once the deadline
// has passed even if the context's timer has not fired yet.
func contextErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
		return context.DeadlineExceeded
	}
	return nil
}

// lead loads the value for the caller and for all who wait.
func (k Key[T]) lead(ctx context.Context, p *Pool, l *loading, fresh bool, getErr error, ttl time.Duration, load func(context.Context) (T, error)) (v T, err error) {
	finished := false
	finish := func() {
		finished = true
		close(l.done)
	}
	defer func() {
		p.loads.end(string(k))
		if !finished {
			l.err = opError("fetch", string(k), ErrLoadPanicked)
			finish()
		}
	}()
	if !fresh {
		v, getErr = k.Get(ctx, p)
		if may, end := k.mayLoad(ctx, getErr); !may {
			l.again = true
			finish()
			return v, end
		}
	}
	if v, err = k.load(ctx, p, load); err != nil {
		l.err, l.again = err, contextErr(ctx) != nil
		finish()
		return v, err
	}
	if l.raw, err = k.With(v, ttl).encode(); err != nil {
		l.err = err
		finish()
		return *new(T), err
	}
	finish() // none of them waits for the cache
	if errors.Is(getErr, ErrUnavailable) {
		return v, nil // storing would wait for it once more
	}
	k.store(ctx, p, l.raw, ttl)
	return v, nil
}

// store writes a value that was loaded, if it can.
func (k Key[T]) store(ctx context.Context, p *Pool, raw []byte, ttl time.Duration) {
	start := p.start()
	if err := p.checkSize(raw); err != nil {
		p.observe(ctx, OpSet, string(k), opError("set", string(k), err), start)
		return
	}
	_ = p.set(ctx, []Item{{Key: string(k), Value: raw, TTL: ttl}}, start) // the observer and the log have it
}

// load calls load and tells the observer, also of a panic.
func (k Key[T]) load(ctx context.Context, p *Pool, load func(context.Context) (T, error)) (v T, err error) {
	start := p.start()
	err = ErrLoadPanicked
	defer func() { p.observe(ctx, OpLoad, string(k), err, start) }()
	if v, err = load(ctx); err != nil {
		v = *new(T)
	}
	return v, err
}
