package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Slot is what [Locker.Once] claims: Key is one of the times at which the job
// Name is due, say.
type Slot struct {
	Name, Key string
}

// Once claims a slot. Exactly one caller succeeds; all others, including later
// calls by the same process, get a [*HeldError] until retention has passed. A slot
// is never released and never renewed: a run that fails or dies has used it. So a
// job that every node starts at its time runs on one of them, however short it is
// and however much their clocks differ:
//
//	err := locker.Once(ctx, lock.Slot{Name: "report", Key: scheduled.Format(time.RFC3339)}, 24*time.Hour)
//	if errors.Is(err, lock.ErrHeld) {
//		return nil // the slot is used
//	}
//
// Of the options, [WithLabel] counts, and [WithWait] waits for an unavailable
// server, never for a slot that is used. [WithTTL], [WithMinHold] and
// [WithMaxHold] are an [*ArgumentError], since a slot has no lease. From
// [WithDefaults] only label and wait apply.
//
// The slot is kept under the name "mosparo/once/NAME@KEY" (in a key, % and @ are
// written %25 and %40), by which [Locker.Holder] says who used it and
// [Locker.Break] makes it free again; the whole has at most 200 bytes. It draws
// no fence, and the server keeps nothing of it beyond the retention. Other errors are those of
// [Locker.Acquire]; after any of them this call has not used the slot: if a reply
// was lost, what the server may have granted is released in the background.
func (l *Locker) Once(ctx context.Context, slot Slot, retention time.Duration, opts ...AcquireOption) error {
	name, s, err := l.onceSettings(slot, retention, opts)
	if err != nil {
		return err
	}
	if !l.tasks.begin() {
		return wrapErr("once", name, ErrClosed)
	}
	defer l.tasks.finish()
	w, cancel := l.newWaiting(ctx, s)
	defer cancel()
	began := time.Now()
	err = l.claimSlot(w, name, s)
	var held *HeldError
	if errors.As(err, &held) {
		err = &HeldError{Name: slot.Name, Slot: slot.Key, Owner: held.Owner, ExpiresIn: held.ExpiresIn}
	}
	l.tell(ctx, Event{Op: "acquire", Name: name, Duration: time.Since(began), Err: err})
	if err != nil {
		return wrapErr("once", name, err)
	}
	return nil
}

// onceSettings checks the arguments of [Locker.Once].
func (l *Locker) onceSettings(slot Slot, retention time.Duration, opts []AcquireOption) (name string, s settings, err error) {
	if name, err = slot.name(); err != nil {
		return "", s, err
	}
	s.apply(opts)
	shortest := l.props.minTTL()
	const none = "is no option of a slot, which has a retention"
	switch {
	case s.ttl != 0:
		return "", s, &ArgumentError{Arg: "TTL", Reason: none}
	case s.minHold != 0:
		return "", s, &ArgumentError{Arg: "minimum hold", Reason: none}
	case s.maxHold != 0:
		return "", s, &ArgumentError{Arg: "maximum hold", Reason: none}
	case retention < shortest:
		return "", s, &ArgumentError{Arg: "retention", Reason: fmt.Sprintf("of %v is shorter than the %v that this backend can keep", retention, shortest)}
	}
	s = l.defaults
	s.apply(opts)
	s.ttl, s.maxHold, s.minHold = retention, 0, 0
	return name, s, s.check(name, l.props)
}

// claimSlot asks with one token until there is an answer: what was granted by a
// request whose reply was lost is granted again.
func (l *Locker) claimSlot(w waiting, name string, s settings) (err error) {
	claim := l.newClaim(s.label)
	claim.Unfenced = true
	ambiguous := false
	defer func() {
		if err != nil && ambiguous {
			l.undo(w.ctx, name, claim.Token, s.ttl)
		}
	}()
	for {
		if err := w.checkOpen(); err != nil {
			return err
		}
		_, err := l.tryAcquire(w.ctx, name, &claim, s.ttl)
		if !isAmbiguous(err) {
			return err
		}
		ambiguous = true
		if w.once {
			return w.err(nil, err)
		}
		if stop := w.pause(err); stop != nil {
			return w.err(stop, err)
		}
	}
}

var escapeSlot = strings.NewReplacer("%", "%25", "@", "%40")

// slotPrefix keeps slots, which draw no fences, apart from leases of other names.
const slotPrefix = ReservedPrefix + "once/"

// name returns the name under which a slot is kept. No two slots share one: the last
// @ separates the parts.
func (s Slot) name() (string, error) {
	if err := CheckName(s.Name); err != nil {
		return "", err
	}
	full := slotPrefix + s.Name + "@" + escapeSlot.Replace(s.Key)
	if s.Key == "" || len(full) > maxName {
		return "", &ArgumentError{Arg: "slot", Reason: fmt.Sprintf("makes a name of %d bytes with %d of its own; it needs one, and the name has room for %d", len(full), len(s.Key), maxName)}
	}
	return full, nil
}
