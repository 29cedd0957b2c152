package lock

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"
)

// AcquireOption changes one lease.
type AcquireOption func(*settings)

type settings struct {
	ttl              time.Duration
	wait             time.Duration
	maxHold, minHold time.Duration
	label            string
}

func (s *settings) apply(opts []AcquireOption) {
	for _, o := range opts {
		if o != nil {
			o(s)
		}
	}
}

// WithTTL is how long the lease outlives its last renewal: how long others
// wait after the holder has died. It is renewed at every third of it, or up to a
// fifth of that sooner: how much depends on the name, so that the renewals of
// many names that are taken together do not stay together. 0 is the default,
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
// machine's, it is asked for a hundredth more, for clocks that drift apart. The
// default is 0.
func WithMinHold(d time.Duration) AcquireOption { return func(s *settings) { s.minHold = d } }

// WithLabel says to people what the lease is for, in 200 bytes at most; see
// [Owner].
func WithLabel(label string) AcquireOption { return func(s *settings) { s.label = label } }

// MaxName is the longest name in bytes.
const MaxName = 200

// maxLabel is the longest label in bytes.
const maxLabel = 200

// ArgumentError is a name, an option or another argument that cannot be used:
// which it is, and why.
type ArgumentError struct {
	Arg    string
	Reason string
}

func (e *ArgumentError) Error() string { return "lock: " + e.Arg + " " + e.Reason }

// CheckName returns an [*ArgumentError] unless the name has 1 to [MaxName]
// bytes; they may be any.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName {
		return &ArgumentError{Arg: "name", Reason: fmt.Sprintf("has %d bytes, not 1 to %d", len(name), MaxName)}
	}
	return nil
}

func (s *settings) check(name string, p Properties) error {
	if err := CheckName(name); err != nil {
		return err
	}
	least := p.minTTL()
	switch {
	case s.ttl < least:
		return &ArgumentError{Arg: "TTL", Reason: fmt.Sprintf("of %v is shorter than the %v that this backend can keep", s.ttl, least)}
	case s.maxHold < 0, s.minHold < 0:
		return &ArgumentError{Arg: "hold", Reason: "is negative"}
	case s.maxHold > 0 && s.minHold > s.maxHold:
		return &ArgumentError{Arg: "minimum hold", Reason: "is longer than the maximum hold"}
	case len(s.label) > maxLabel:
		return &ArgumentError{Arg: "label", Reason: fmt.Sprintf("has more than %d bytes", maxLabel)}
	}
	return nil
}

// minTTL is the shortest TTL that leaves a holder any time.
func (p Properties) minTTL() time.Duration {
	least := p.Margin + time.Millisecond
	if p.Shared {
		least += 2 * least / drift
	}
	return max(p.MinTTL, least)
}

// drift is the share of a TTL, one in so many, by which the clocks of two
// machines may drift apart while it passes.
const drift = 100

// trusted is how long a holder may count on a lease for which the server was
// asked to keep the name for ttl.
func (p Properties) trusted(ttl time.Duration) time.Duration {
	if p.Shared {
		return ttl - p.Margin - ttl/drift
	}
	return ttl - p.Margin
}

// covering is the reverse of trusted: for how long the server is asked to keep a
// name that must stay held for d.
func (p Properties) covering(d time.Duration) time.Duration {
	d = min(d, math.MaxInt64/2) + p.Margin
	if p.Shared {
		d += d/(drift-1) + 1
	}
	return d
}

// serverTTL is what the server is asked to keep the name for, so long after
// the acquire: the TTL, or what is left of the minimum hold, which stands also
// when the holder dies.
func (s *settings) serverTTL(p Properties, held time.Duration) time.Duration {
	if rest := s.minHold - held; rest > 0 {
		return max(s.ttl, p.covering(rest))
	}
	return s.ttl
}

// waitContext bounds the waiting.
func (s *settings) waitContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.wait <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, s.wait, errWaited)
}
