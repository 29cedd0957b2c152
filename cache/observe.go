package cache

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Op is what a [Pool] did.
type Op string

// The operations of a pool.
const (
	OpGet    Op = "get"
	OpSet    Op = "set"
	OpDelete Op = "delete"
	// OpLoad is the load of a [Key.Fetch], whose get and set are events, too.
	OpLoad Op = "load"
)

// Event is one operation on one key. A request for several keys is one event
// for each of them.
type Event struct {
	Op  Op
	Key string
	// Duration is that of the whole request, with encoding and decoding.
	Duration time.Duration
	// Result is the outcome as a label of metrics, one of a few words.
	//
	// Without a failure: "hit" for a get that found a value, a stored null
	// included; "miss" for one that did not; "ok" for any other operation.
	//
	// Otherwise what failed: "canceled" and "deadline" for the caller's
	// context, before anything was sent; "unavailable" ([ErrUnavailable], a
	// reply that did not come in time included), "unauthorized", "read_only",
	// "full", "too_large" and "closed" for the errors of these names;
	// "invalid" for [ErrInvalidTTL], [*KeyError] and a value that PHP has no
	// type for; "decode" for [*DecodeError]; "load" for a load that failed or
	// panicked; "other".
	Result string
	// Err is the error of the operation, nil for a hit, a miss and a stored
	// null. It may contain the key, and no value.
	Err error
}

// Observer is called once for each [Event] with the context of the operation,
// on its goroutine and before that returns, so it should be quick; it must be
// safe for concurrent use. The rule items of mosparo have a key for each field
// value: use [Event.Key] as a label of metrics for a few known keys only.
type Observer func(context.Context, Event)

// WithObserver lets f see every operation of the pool, for metrics and traces.
// Without one, or with nil, nothing is measured.
func WithObserver(f Observer) Option {
	return func(p *Pool) { p.observer = f }
}

// start returns the time that [Pool.observe] measures from. Without an observer
// it does not read the clock.
func (p *Pool) start() (at time.Time) {
	if p.observer != nil {
		at = time.Now()
	}
	return at
}

// observe reports an operation on one key to the observer and the log.
func (p *Pool) observe(ctx context.Context, op Op, key string, err error, start time.Time) {
	if err == nil && p.observer == nil && !p.outages.isFailing(op) {
		return
	}
	if r := resultOf(err); op != OpLoad {
		p.outages.note(ctx, op, key, r, err)
	}
	if p.observer != nil {
		p.observer(ctx, NewEvent(op, key, start, err))
	}
}

// NewEvent returns the event of an operation that began at start and has ended
// now with err. It is for what reports to an [Observer] without a [Pool].
func NewEvent(op Op, key string, start time.Time, err error) Event {
	r := resultOf(err)
	if op == OpLoad && err != nil && r != resultCanceled {
		r = resultLoad
	}
	e := Event{Op: op, Key: key, Duration: time.Since(start), Result: string(r), Err: err}
	if r == resultOK {
		e.Err = nil // a miss, or a stored null
		if op == OpGet {
			e.Result = "hit"
			if errors.Is(err, ErrNotFound) {
				e.Result = "miss"
			}
		}
	}
	return e
}

// observeEach is [Pool.observe] for each key of a request; an error that names
// keys is about those alone.
func (p *Pool) observeEach(ctx context.Context, op Op, keys []string, err error, start time.Time) {
	var failed *OpError
	partly := errors.As(err, &failed) && len(failed.Keys) > 0
	for _, k := range keys {
		if partly && !slices.Contains(failed.Keys, k) {
			continue // done or not, it is not what failed
		}
		p.observe(ctx, op, k, err, start)
	}
}
