package lock

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Once uses up a slot of a name: the first caller gets nil, and every other
// gets [*HeldError] for as long as retention lasts, which is the caller himself
// too. It is never released and never renewed: a run that fails or dies has
// used its slot. So a job that every node starts at its time runs on one of
// them, however short it is and however much their clocks differ:
//
//	err := locker.Once(ctx, "report", scheduled.Format(time.RFC3339), 24*time.Hour)
//	if errors.Is(err, lock.ErrHeld) {
//		return nil // another node has it
//	}
//
// Of the options, [WithLabel] counts, and [WithWait] waits for an unavailable
// server, never for a slot that is used. The slot is kept under the name
// "name@slot" (in a slot, % and @ are written %25 and %40), by which
// [Locker.Holder] says who used it and [Locker.Break] makes it free again; the
// whole has at most [MaxName] bytes. Errors are those of [Locker.Acquire];
// after any of them this call has not used the slot: what the server may have
// granted without our hearing of it is given back in the background.
func (l *Locker) Once(ctx context.Context, name, slot string, retention time.Duration, opts ...Option) error {
	s := l.defaults
	s.apply(opts)
	s.ttl, s.maxHold, s.minHold = retention, 0, 0
	full, err := slotName(name, slot)
	if err != nil {
		return err
	}
	if least := l.props.minTTL(); retention < least {
		return &OptionError{Option: "retention", Reason: fmt.Sprintf("of %v is shorter than the %v that this backend can keep", retention, least)}
	}
	if err := s.check(full, l.props); err != nil {
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
	unknown, err := l.once(wait, ctx, full, claim, s)
	if err != nil && unknown {
		l.undo(full, claim.Token, s.ttl)
	}
	l.observe(Event{Kind: EventAcquire, Name: full, Duration: time.Since(began), Err: err})
	if err != nil {
		return failed("once", full, err)
	}
	return nil
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

// slotName is the name of a slot: no two pairs share one, since the last @
// parts them.
func slotName(name, slot string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	full := name + "@" + escapeSlot.Replace(slot)
	if slot == "" || len(full) > MaxName {
		return "", &OptionError{Option: "slot", Reason: fmt.Sprintf("makes a name of %d bytes with %d of its own; it needs one, and the name has room for %d", len(full), len(slot), MaxName)}
	}
	return full, nil
}
