package locktest

import (
	"errors"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// tooLate is how much longer than it was asked to a backend may keep a lock.
const tooLate = 5 * time.Second

// shortTTL is about the shortest that a holder can count on.
func (s *suite) shortTTL() time.Duration {
	return max(s.p.MinTTL, 300*time.Millisecond) + s.p.Margin
}

func (s *suite) renew() {
	n, token := s.name("renew"), NewToken()
	ttl := s.shortTTL()
	_, err := s.b.Acquire(s.Context(), n, claim(token), ttl)
	s.must(err, "Acquire")
	s.must(s.b.Renew(s.Context(), n, token, time.Hour), "Renew")
	h, err := s.b.Holder(s.Context(), n)
	s.must(err, "Holder")
	if h.TTL != 0 && (h.TTL < 59*time.Minute || h.TTL > time.Hour+tooLate) {
		s.broken("after a Renew for an hour the lock lasts %v", h.TTL)
	}
	if h.TTL == 0 { // the backend cannot tell
		time.Sleep(ttl + tooLate)
		s.isHeld(n, "after the first lifetime of a lock that was renewed")
	}
	s.must(s.releaseErr(n, token), "Release")
}

// expire waits in real or in bubble time; a lock may live a little longer than
// it was asked to, but for as long as it was asked to less the margin.
func (s *suite) expire() {
	n, token, ttl := s.name("expiry"), NewToken(), s.shortTTL()
	began := time.Now()
	_, err := s.b.Acquire(s.Context(), n, claim(token), ttl)
	s.must(err, "Acquire")
	for {
		_, err := s.b.Acquire(s.Context(), n, claim(NewToken()), s.ttl)
		since := time.Since(began)
		switch {
		case err == nil && since < ttl-s.p.Margin:
			s.broken("the lock was given away after %v of %v", since, ttl)
		case err == nil:
			s.is(s.renewErr(n, token), lock.ErrLost, "Renew after another took the expired lock")
			s.is(s.releaseErr(n, token), lock.ErrLost, "Release after another took the expired lock")
			return
		case since > ttl+tooLate:
			s.broken("the lock is still held %v after its expiry", since-ttl)
		}
		s.is(err, lock.ErrHeld, "Acquire before the expiry")
		time.Sleep(10 * time.Millisecond)
	}
}

// awaitExpiry takes a name and returns when the backend names no holder, or
// could do so for long.
func (s *suite) awaitExpiry(name string, token lock.Token) (err error) {
	s.Helper()
	ttl, began := s.shortTTL(), time.Now()
	_, err = s.b.Acquire(s.Context(), name, claim(token), ttl)
	s.must(err, "Acquire")
	for time.Since(began) < ttl+tooLate {
		if err = s.holderErr(s.Context(), name); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if since := time.Since(began); errors.Is(err, lock.ErrNotHeld) && since < ttl-s.p.Margin {
		s.broken("Holder names no holder after %v of %v", since, ttl)
	}
	return err
}

func (s *suite) expiredIsLost() {
	n, token := s.name("expired"), NewToken()
	_ = s.awaitExpiry(n, token) // what Holder says is another rule
	s.is(s.renewErr(n, token), lock.ErrLost, "Renew of an expired lock that no other has taken")
	s.is(s.releaseErr(n, token), lock.ErrLost, "Release of an expired lock that no other has taken")
}

func (s *suite) expiredHasNoHolder() {
	s.is(s.awaitExpiry(s.name("gone"), NewToken()), lock.ErrNotHeld, "Holder of an expired lock")
}
