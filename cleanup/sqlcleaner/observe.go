package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Event is a request to the database that has ended.
type Event struct {
	// Op is the kind of request:
	//
	//	ping         that of [DB.Ping]
	//	read         a query outside of a transaction
	//	transaction  a transaction, from its begin to the commit or rollback
	//
	// Package projectdb has others.
	Op string
	// Duration includes the wait for a connection and for the locks of other clients.
	// It does not include the pauses of a run, which are between transactions.
	Duration time.Duration
	// Result is the outcome as a label of metrics, one of a few words: "ok"; "canceled"
	// and "deadline" for the caller's context; "conflict" for a transaction that is
	// repeated, since another client or another token was in its way; "unavailable" for a server that
	// does not answer or accepts no more clients; "other" for any other error.
	Result string
	// Err is the error, nil for "ok". It may contain texts of the server.
	Err error
}

// Observer is called once for each [Event] with the context of the request, on its
// goroutine and before that returns. It should be quick, and must be safe for concurrent
// use. A request that is repeated is an event each time.
type Observer func(context.Context, Event)

// WithObserver sets a function that is called for every request to the database, for
// metrics and traces. The default, also for nil, is none.
func WithObserver(f Observer) Option {
	return func(d *DB) { d.observer = f }
}

// NewEvent returns the event of a request that began at start and has ended now with err.
// It is for other packages that report to an [Observer].
func NewEvent(op string, start time.Time, err error) Event {
	if errors.Is(err, sql.ErrNoRows) {
		err = nil // the request has been answered
	}
	return Event{Op: op, Duration: time.Since(start), Result: resultOf(err), Err: err}
}

func resultOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	case isConflict(err), errors.Is(err, errReferenced):
		return "conflict"
	case isLost(err):
		return "unavailable"
	}
	return "other"
}

// The requests of this package; see [Event].
const (
	opPing        = "ping"
	opRead        = "read"
	opTransaction = "transaction"
)

// try calls f and reports it to the observer.
func (d *DB) try(ctx context.Context, op string, f func() error) error {
	if d.observer == nil {
		return f()
	}
	start := time.Now()
	err := f()
	d.observer(ctx, NewEvent(op, start, err))
	return err
}
