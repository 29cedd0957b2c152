package cache

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache/php"
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
	// Hit: a get found a value, a stored null included. What cannot be decoded
	// is no hit, and has a Class.
	Hit bool
	// Class is [ClassNone] on success, and for a miss.
	Class ErrorClass
	// Duration is that of the whole request, with encoding and decoding.
	Duration time.Duration
}

// Observer is called once for each [Event], on the goroutine of the operation
// and before that returns, so it should be quick; it must be safe for
// concurrent use. The rule items of mosparo have a key for each field value:
// use [Event.Key] as a label of metrics for a few known keys only.
type Observer func(Event)

// WithObserver lets f see every operation of the pool, for metrics and traces.
// Without one, or with nil, nothing is measured.
func WithObserver(f Observer) Option {
	return func(p *Pool) { p.observer = f }
}

// ErrorClass is an error as a label: one of a few words.
type ErrorClass string

// The classes of errors.
const (
	ClassNone         ErrorClass = ""
	ClassCanceled     ErrorClass = "canceled"     // the caller's context was cancelled
	ClassDeadline     ErrorClass = "deadline"     // its deadline had passed before anything was sent
	ClassUnavailable  ErrorClass = "unavailable"  // [ErrUnavailable], a reply that did not come in time included
	ClassUnauthorized ErrorClass = "unauthorized" // [ErrUnauthorized]
	ClassReadOnly     ErrorClass = "read_only"    // [ErrReadOnly]
	ClassFull         ErrorClass = "full"         // [ErrFull]
	ClassTooLarge     ErrorClass = "too_large"    // [ErrTooLarge]
	ClassInvalid      ErrorClass = "invalid"      // [ErrInvalidTTL], *[KeyError], a value that PHP has no type for
	ClassDecode       ErrorClass = "decode"       // *[DecodeError]
	ClassClosed       ErrorClass = "closed"       // [ErrClosed]
	ClassLoad         ErrorClass = "load"         // a load failed or panicked
	ClassOther        ErrorClass = "other"
)

var classes = []struct {
	err   error
	class ErrorClass
}{
	{context.Canceled, ClassCanceled},
	{ErrUnauthorized, ClassUnauthorized},
	{ErrReadOnly, ClassReadOnly},
	{ErrFull, ClassFull},
	{ErrTooLarge, ClassTooLarge},
	{ErrInvalidTTL, ClassInvalid},
	{ErrClosed, ClassClosed},
	{ErrUnavailable, ClassUnavailable},
	{context.DeadlineExceeded, ClassDeadline},
}

// ClassOf returns the class of an error of this package or of an adapter. A
// miss and a stored null have none.
func ClassOf(err error) ErrorClass {
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrNull) {
		return ClassNone
	}
	for _, c := range classes {
		if errors.Is(err, c.err) {
			return c.class
		}
	}
	var decode *DecodeError
	var key *KeyError
	var encode *php.EncodeError
	switch {
	case errors.As(err, &decode):
		return ClassDecode
	case errors.As(err, &key), errors.As(err, &encode):
		return ClassInvalid
	}
	return ClassOther
}

// started is the time that [Pool.done] measures from; the clock is not read
// for nobody.
func (p *Pool) started() (at time.Time) {
	if p.observer != nil {
		at = time.Now()
	}
	return at
}

// done tells the observer and the log of an operation on one key.
func (p *Pool) done(op Op, key string, err error, started time.Time) {
	if err == nil && p.observer == nil && !p.watch.failing(op) {
		return
	}
	class := ClassOf(err)
	if op == OpLoad {
		if err != nil && class != ClassCanceled {
			class = ClassLoad
		}
	} else {
		p.watch.note(op, key, class, err)
	}
	if p.observer != nil {
		hit := op == OpGet && (err == nil || errors.Is(err, ErrNull))
		p.observer(Event{Op: op, Key: key, Hit: hit, Class: class, Duration: time.Since(started)})
	}
}

// doneEach is [Pool.done] for each key of a request; one that fails for some
// keys names them.
func (p *Pool) doneEach(op Op, keys []string, err error, started time.Time) {
	var failed *OpError
	partly := errors.As(err, &failed) && len(failed.Keys) > 0
	for _, k := range keys {
		if partly && !slices.Contains(failed.Keys, k) {
			continue // done or not, it is not what failed
		}
		p.done(op, k, err, started)
	}
}
