package locktest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

// equal compares owners, whose times may have lost their zone.
func equal(a, b lock.Owner) bool {
	return a.Host == b.Host && a.PID == b.PID && a.Label == b.Label && a.Since.Equal(b.Since)
}

func (s *suite) heldError() {
	n, c := s.name("held"), claim(NewToken())
	_, err := s.b.Acquire(s.Context(), n, c, s.ttl)
	s.must(err, "Acquire")
	_, err = s.b.Acquire(s.Context(), n, claim(NewToken()), s.ttl)
	var held *lock.HeldError
	switch {
	case !errors.As(err, &held):
		s.broken("Acquire of a held name returns a *lock.HeldError; got %v", err)
	case held.Name != n:
		s.broken("the HeldError has the name %q, not %q", held.Name, n)
	case !equal(held.Owner, c.Owner):
		s.broken("the HeldError has the owner %+v, not %+v", held.Owner, c.Owner)
	case held.ExpiresIn < 0 || held.ExpiresIn > s.ttl+tooLate:
		s.broken("the HeldError says that the lock lasts %v of %v", held.ExpiresIn, s.ttl)
	}
	s.must(s.releaseErr(n, c.Token), "Release")
}

func (s *suite) holder() {
	n, c := s.name("holder"), claim(NewToken())
	s.is(s.holderErr(s.Context(), n), lock.ErrNotHeld, "Holder of a free name")
	fence, err := s.b.Acquire(s.Context(), n, c, s.ttl)
	s.must(err, "Acquire")
	h, err := s.b.Holder(s.Context(), n)
	s.must(err, "Holder")
	if h.Name != n || h.Token != c.Token || h.Fence != fence || !equal(h.Owner, c.Owner) {
		s.broken("Holder returns what was stored, with the fence %d: got %+v", fence, h)
	}
	s.must(s.releaseErr(n, c.Token), "Release")
	s.is(s.holderErr(s.Context(), n), lock.ErrNotHeld, "Holder after Release")
}

func (s *suite) fences() {
	if !s.p.Fencing {
		s.Skip("this backend promises no fencing tokens")
	}
	n := s.name("fences")
	var last uint64
	for i := range 20 {
		token := NewToken()
		f := s.acquire(n, token)
		if f <= last {
			s.broken("fence %d after %d", f, last)
		}
		last = f
		if b, ok := s.b.(lock.Breaker); ok && i%2 == 1 {
			s.must(b.Break(s.Context(), n), "Break")
		} else {
			s.must(s.releaseErr(n, token), "Release")
		}
	}
}

func (s *suite) unfenced() {
	n, c := s.name("unfenced"), claim(NewToken())
	c.Unfenced = true
	for range 2 {
		fence, err := s.b.Acquire(s.Context(), n, c, s.ttl)
		s.must(err, "Acquire of a free name without a fence, and again with the same token")
		if fence != 0 {
			s.broken("a claim without a fence drew %d", fence)
		}
	}
	h, err := s.b.Holder(s.Context(), n)
	s.must(err, "Holder of a name without a fence")
	if h.Token != c.Token || h.Fence != 0 || !equal(h.Owner, c.Owner) {
		s.broken("Holder returns what was stored: got %+v", h)
	}
	s.isHeld(n, "of a name that is held without a fence")
	s.must(s.releaseErr(n, c.Token), "Release")
	s.is(s.holderErr(s.Context(), n), lock.ErrNotHeld, "Holder after Release")
}

func (s *suite) names() {
	room := names.Max - len(s.prefix)
	odd := []string{"a", "A", "a b", "{a}", "}{", "a%62", "ab", "..", ".", "a/../b", "\x00\xff\n", "🔒", "*?[]", strings.Repeat("{", room), strings.Repeat("\xff", room)}
	tokens := map[string]lock.Token{}
	for _, n := range odd {
		n = s.name(n)
		tokens[n] = NewToken()
		s.acquire(n, tokens[n]) // names that share a record would be held here
	}
	for n, token := range tokens {
		h, err := s.b.Holder(s.Context(), n)
		s.must(err, fmt.Sprintf("Holder of %q", n))
		if h.Token != token {
			s.broken("%q and another name share a lock", n)
		}
		s.must(s.releaseErr(n, token), fmt.Sprintf("Release of %q", n))
	}
}
