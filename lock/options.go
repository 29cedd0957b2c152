package lock

import (
	"cmp"
	"fmt"
	"time"
)

// AcquireOption changes one lease. A nil one is an [*ArgumentError].
type AcquireOption func(*settings)

type settings struct {
	ttl              time.Duration
	wait             time.Duration
	maxHold, minHold time.Duration
	label            string
	hasNil           bool // an option was nil
}

func (s *settings) apply(opts []AcquireOption) {
	for _, o := range opts {
		if o == nil {
			s.hasNil = true
			continue
		}
		o(s)
	}
}

// WithTTL sets how long the lease outlives its last renewal: how long others
// wait after the holder has died. It is renewed at every third of it, or up to a
// fifth of that sooner: how much depends on the name, so that the renewals of
// many names that were acquired together do not stay together. 0 is the default,
// [DefaultTTL] unless [WithDefaults] has another.
func WithTTL(d time.Duration) AcquireOption {
	return func(s *settings) { s.ttl = cmp.Or(d, s.ttl) }
}

// WithWait waits for a held name at most so long; a negative duration waits
// until the context ends, 0 (the default) does not wait. An unavailable server
// is waited for, too.
func WithWait(d time.Duration) AcquireOption { return func(s *settings) { s.wait = d } }

// WithMaxHold ends the lease with [ErrMaxHold] after so long, so that a holder
// that hangs cannot renew for ever. 0 (the default) is no limit.
func WithMaxHold(d time.Duration) AcquireOption { return func(s *settings) { s.maxHold = d } }

// WithMinHold keeps the name held until so long after it was acquired, also
// when it is released earlier or the holder goes away: a short job that
// several machines start at about the same time runs once although their
// clocks differ. ShedLock calls this lockAtLeastFor. Where the server is another
// machine's, the name is kept 1 % longer, for clocks that drift apart. The default
// is 0.
func WithMinHold(d time.Duration) AcquireOption { return func(s *settings) { s.minHold = d } }

// WithLabel tells people what the lease is for, in 200 bytes at most; see
// [Owner].
func WithLabel(label string) AcquireOption { return func(s *settings) { s.label = label } }

// maxLabel is the longest label in bytes.
const maxLabel = 200

func (s *settings) check(name string, p Properties) error {
	if err := CheckName(name); err != nil {
		return err
	}
	shortest := p.minTTL()
	switch {
	case s.hasNil:
		return &ArgumentError{Arg: "opts", Reason: "has a nil AcquireOption"}
	case s.ttl < shortest:
		return &ArgumentError{Arg: "TTL", Reason: fmt.Sprintf("of %v is shorter than the %v that this backend can keep", s.ttl, shortest)}
	case s.maxHold < 0, s.minHold < 0:
		return &ArgumentError{Arg: "hold", Reason: "is negative"}
	case s.maxHold > 0 && s.minHold > s.maxHold:
		return &ArgumentError{Arg: "minimum hold", Reason: "is longer than the maximum hold"}
	case len(s.label) > maxLabel:
		return &ArgumentError{Arg: "label", Reason: fmt.Sprintf("has more than %d bytes", maxLabel)}
	}
	return nil
}

// serverTTL returns the TTL that is sent to the server when the lease has been held
// for held: the TTL, or the rest of the minimum hold if that is longer, since the
// minimum hold outlives the holder.
func (s *settings) serverTTL(p Properties, held time.Duration) time.Duration {
	if rest := s.minHold - held; rest > 0 {
		return max(s.ttl, p.covering(rest))
	}
	return s.ttl
}
