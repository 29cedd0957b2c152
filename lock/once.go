package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Slot is one of the times at which a job is due, say: Key tells those of one
// Name apart.
type Slot struct {
	Name, Key string
}

// Once uses up a slot: the first caller gets nil, and every other
// gets [*UsedError] for as long as retention lasts, also the caller itself. A
// slot is never released and never renewed: a run that fails or dies has
// used it. So a job that every node starts at its time runs on one of
// them, however short it is and however much their clocks differ:
//
//	err := locker.Once(ctx, lock.Slot{Name: "report", Key: scheduled.Format(time.RFC3339)}, 24*time.Hour)
//	if errors.Is(err, lock.ErrHeld) {
//		return nil // the slot is used
//	}
//
// Of the options, [WithLabel] counts, and [WithWait] waits for an unavailable
// server, never for a slot that is used. [WithTTL], [WithMinHold] and
// [WithMaxHold] are an [*ArgumentError], since a slot has no lease; those of
// [WithDefaults] do not count. The slot is kept under the name
// "name@key" (in a key, % and @ are written %25 and %40), by which
// [Locker.Holder] says who used it and [Locker.Break] makes it free again; the
// whole has at most [MaxName] bytes. It draws no fence, and the server keeps
// nothing of it beyond the retention. Other errors are those of
// [Locker.Acquire]; after any of them this call has not used the slot: what the
// server may have granted without our hearing of it is given back in the
// background.
func (l *Locker) Once(ctx context.Context, slot Slot, retention time.Duration, opts ...AcquireOption) error {
	full, s, err := l.onceSettings(slot, retention, opts)
	if err != nil {
		return err
	}
	if !l.begin() {
		return failed("once", full, ErrClosed)
	}
	defer l.finish()
	wait, cancel := s.waitContext(ctx)
	defer cancel()
	began := time.Now()
	claim := l.claim(s)
	claim.Unfenced = true
	unknown, err := l.once(wait, ctx, full, claim, s)
	if err != nil && unknown {
		l.undo(full, claim.Token, s.ttl)
	}
	var held *HeldError
	if errors.As(err, &held) {
		err = &UsedError{Slot: slot, Owner: held.Owner, ExpiresIn: held.ExpiresIn}
	}
	l.tell(ctx, Event{Op: "acquire", Name: full, Duration: time.Since(began), Err: err})
	if err != nil {
		return failed("once", full, err)
	}
	return nil
}

// onceSettings checks the arguments of [Locker.Once].
func (l *Locker) onceSettings(slot Slot, retention time.Duration, opts []AcquireOption) (full string, s settings, err error) {
	if full, err = slot.name(); err != nil {
		return "", s, err
	}
	s.apply(opts)
	least := l.props.minTTL()
	const none = "is no option of a slot, which has a retention"
	switch {
	case s.ttl != 0:
		return "", s, &ArgumentError{Arg: "TTL", Reason: none}
	case s.minHold != 0:
		return "", s, &ArgumentError{Arg: "minimum hold", Reason: none}
	case s.maxHold != 0:
		return "", s, &ArgumentError{Arg: "maximum hold", Reason: none}
	case retention < least:
		return "", s, &ArgumentError{Arg: "retention", Reason: fmt.Sprintf("of %v is shorter than the %v that this backend can keep", retention, least)}
	}
	s = l.defaults
	s.apply(opts)
	s.ttl, s.maxHold, s.minHold = retention, 0, 0
	return full, s, s.check(full, l.props)
}

// once asks with one token until there is an answer: what was granted without
// our hearing of it is still ours, and granted again. unknown says that it may
// have been.
func (l *Locker) once(wait, ctx context.Context, full string, claim Claim, s settings) (unknown bool, err error) {
	for {
		if err := l.usable(ctx); err != nil {
			return unknown, err
		}
		_, err := l.request(ctx, full, &claim, s)
		if !isAmbiguous(err) {
			return unknown, err
		}
		unknown = true
		if s.wait == 0 {
			return unknown, l.acquireErr(ctx, nil, err)
		}
		if stop := l.pause(wait, err); stop != nil {
			return unknown, l.acquireErr(ctx, stop, err)
		}
	}
}

var escapeSlot = strings.NewReplacer("%", "%25", "@", "%40")

// name is the name under which a slot is kept: no two slots share one, since
// the last @ parts them.
func (s Slot) name() (string, error) {
	if err := CheckName(s.Name); err != nil {
		return "", err
	}
	full := s.Name + "@" + escapeSlot.Replace(s.Key)
	if s.Key == "" || len(full) > MaxName {
		return "", &ArgumentError{Arg: "slot", Reason: fmt.Sprintf("makes a name of %d bytes with %d of its own; it needs one, and the name has room for %d", len(full), len(s.Key), MaxName)}
	}
	return full, nil
}
