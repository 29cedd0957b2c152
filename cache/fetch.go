package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache/php"
)

// ErrLoadPanicked is what a [Key.Fetch] gets that waited for a load which ended
// without a result. The panic itself, or the runtime.Goexit, took its way on the
// goroutine of the load.
var ErrLoadPanicked = errors.New("the load of another caller panicked")

// Fetch returns the value of the key, and where the cache has none calls load
// and stores what it returns; ttl 0 means no expiry. Callers of one pool that
// miss the same key at the same time share one load: it runs on the goroutine
// and with the context of the one who came first, and each of the others
// waits within its own deadline, then gets a value of its own, as a Get would
// have read it.
//
// An error of load goes to all of them as it is, and nothing is stored; but
// if the context of the first has ended, the next one loads. When load panics,
// the panic is the first one's, and the others get [ErrLoadPanicked]. Later
// calls load anew in every case. load must not Fetch the same key from the
// same pool: it would wait for itself.
//
// As in Symfony, a cache that fails does not stand in the way: load is called
// when the cache cannot be read, when it holds a null that T cannot be, or
// what cannot be decoded; and the value is returned, too, when it cannot be
// stored. Observer and log of the pool tell. Errors of Fetch's own are a
// [*KeyError], [ErrInvalidTTL], [ErrClosed], a
// [*php.EncodeError] for a value that PHP has no type for, and that of the context.
func (k Key[T]) Fetch(ctx context.Context, p *Pool, ttl time.Duration, load func(context.Context) (T, error)) (T, error) {
	var zero T
	if ttl < 0 {
		return zero, &OpError{Op: "fetch", Keys: []string{string(k)}, Err: fmt.Errorf("%w: %v", ErrInvalidTTL, ttl)}
	}
	for {
		before := p.flights.count()
		v, err := k.Get(ctx, p)
		if may, end := k.mayLoad(ctx, err); !may {
			return v, end
		}
		f, leader, fresh := p.flights.join(string(k), before)
		if leader {
			return k.lead(ctx, p, f, fresh, err, ttl, load)
		}
		select {
		case <-f.landed:
		case <-ctx.Done():
			return zero, &OpError{Op: "fetch", Keys: []string{string(k)}, Err: ctx.Err()}
		}
		switch {
		case f.again:
		case f.err != nil:
			return zero, f.err
		default:
			return k.value(f.raw, php.Unmarshal)
		}
	}
}

// mayLoad reports whether a Get that gave missed calls for a load, and if not,
// the error of the Fetch.
func (k Key[T]) mayLoad(ctx context.Context, missed error) (bool, error) {
	var key *KeyError
	if missed == nil || errors.Is(missed, ErrClosed) || errors.As(missed, &key) {
		return false, missed
	}
	end := endOf(ctx)
	switch {
	case end == nil:
		return true, nil
	case errors.Is(missed, end):
		return false, missed
	case ClassOf(missed) == ClassNone: // absent, or null
		return false, &OpError{Op: "fetch", Keys: []string{string(k)}, Err: end}
	}
	return false, fmt.Errorf("%w: %w", end, missed)
}

// endOf is the error of a context that has ended, also if its own timer has
// not noticed yet what a connection has: that the deadline is over.
func endOf(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
		return context.DeadlineExceeded
	}
	return nil
}

// lead loads the value for the caller and for all who wait.
func (k Key[T]) lead(ctx context.Context, p *Pool, f *flight, fresh bool, missed error, ttl time.Duration, load func(context.Context) (T, error)) (v T, err error) {
	landed := false
	land := func() {
		landed = true
		close(f.landed)
	}
	defer func() {
		p.flights.end(string(k))
		if !landed {
			f.err = &OpError{Op: "fetch", Keys: []string{string(k)}, Err: ErrLoadPanicked}
			land()
		}
	}()
	if !fresh {
		v, missed = k.Get(ctx, p)
		if may, end := k.mayLoad(ctx, missed); !may {
			f.again = true
			land()
			return v, end
		}
	}
	if v, err = k.load(ctx, p, load); err != nil {
		f.err, f.again = err, endOf(ctx) != nil
		land()
		return v, err
	}
	e := k.With(v, ttl)
	if f.raw, err = e.encode(); err != nil {
		f.err = err
		land()
		return *new(T), err
	}
	land() // nobody waits for the cache
	if errors.Is(missed, ErrUnavailable) {
		return v, nil // storing would wait for it once more
	}
	_ = p.set(ctx, []Item{{Key: string(k), Value: f.raw, TTL: ttl}}, p.started())
	return v, nil
}

// load calls load and tells the observer, also of a panic.
func (k Key[T]) load(ctx context.Context, p *Pool, load func(context.Context) (T, error)) (v T, err error) {
	started := p.started()
	err = ErrLoadPanicked
	defer func() { p.done(OpLoad, string(k), err, started) }()
	if v, err = load(ctx); err != nil {
		v = *new(T)
	}
	return v, err
}
