package lock

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Conditions that callers tell apart with [errors.Is]. For operators, "What can go
// wrong" in examples/deploy/README.md says what to do about them.
var (
	// ErrHeld: the name is held, or the slot is used; see [*HeldError].
	ErrHeld = errors.New("lock is held")
	// ErrLost: the lease ended before it was released: it expired, was
	// broken, or the server lost it.
	ErrLost = errors.New("lock lost")
	// ErrNotHeld: the name is free.
	ErrNotHeld = errors.New("lock is not held")
	// ErrReleased is the cause of the end of a lease's context after Release.
	ErrReleased = errors.New("lock released")
	// ErrMaxHold is the cause of the end of a lease's context when it was held
	// for the longest time allowed.
	ErrMaxHold = errors.New("lock held for too long")
	// ErrUnavailable: the lock server cannot be reached or did not answer in
	// time; whether a lease was taken or released is unknown.
	ErrUnavailable = errors.New("lock server unavailable")
	// ErrUnauthorized: the lock server refuses our credentials or lacks them;
	// it comes together with ErrUnavailable.
	ErrUnauthorized = errors.New("not authorized")
	// ErrClosed: the Locker was closed.
	ErrClosed = errors.New("locker is closed")
)

// HeldError says who holds the name, or has used the slot, and for how long. It
// unwraps to [ErrHeld].
type HeldError struct {
	Name string
	// Slot is the key of the slot of [Locker.Once] that is used, empty for a
	// lease.
	Slot  string
	Owner Owner
	// ExpiresIn is for how long the slot stays used, or for how long at most
	// the name is held unless it is renewed; 0 where the backend cannot tell.
	ExpiresIn time.Duration
}

func (e *HeldError) Error() string {
	what := fmt.Sprintf("%q is held", e.Name)
	if e.Slot != "" {
		what = fmt.Sprintf("slot %q of %q is used", e.Slot, e.Name)
	}
	return what + e.Owner.by()
}

// Unwrap returns [ErrHeld].
func (e *HeldError) Unwrap() error { return ErrHeld }

// ArgumentError is a name, an option or another argument that cannot be used:
// which it is, and why.
type ArgumentError struct {
	Arg    string
	Reason string
}

func (e *ArgumentError) Error() string { return "lock: " + e.Arg + " " + e.Reason }

// by returns the owner for the text of an error, if it is known.
func (o Owner) by() string {
	if o.Host == "" {
		return ""
	}
	return fmt.Sprintf(" by %s (pid %d)", sanitize(o.Host), o.PID)
}

// maxHost is the longest name of a host that is shown, in bytes.
const maxHost = 253

// sanitize quotes and truncates a text of another process so that it may be
// shown at a terminal or written to a log.
func sanitize(s string) string {
	s = s[:min(len(s), maxHost)]
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// wrapErr says what was done with a name when it met err, unless err says so
// itself.
func wrapErr(op, name string, err error) error {
	if isRefusal(err) {
		return err
	}
	switch err.(type) { //nolint:errorlint // one that is wrapped comes with more
	case *HeldError:
		return fmt.Errorf("lock: %w", err)
	}
	return fmt.Errorf("lock: %s %q: %w", op, name, err)
}

// isRefusal reports whether the backend will never do what was asked.
func isRefusal(err error) bool {
	if err == nil {
		return false // without the memory for arg
	}
	var arg *ArgumentError
	return errors.As(err, &arg)
}

// isAmbiguous reports whether the request may have succeeded on the server
// despite err.
func isAmbiguous(err error) bool { return err != nil && !errors.Is(err, ErrHeld) && !isRefusal(err) }

// unavailable makes an error of the backend that has no other name an
// ErrUnavailable.
func unavailable(err error) error {
	if errors.Is(err, ErrUnavailable) || isRefusal(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// leaseErr classifies the error of a renewal or a release.
func leaseErr(err error) error {
	if err == nil || errors.Is(err, ErrLost) {
		return err
	}
	return unavailable(err)
}
