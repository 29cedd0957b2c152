package locktest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

func (s *suite) oneHolder() {
	n, a, b := s.name("x"), NewToken(), NewToken()
	s.acquire(n, a)
	s.isHeld(n, "of a held name")
	s.is(s.renewErr(n, b), lock.ErrLost, "Renew with another token")
	s.is(s.releaseErr(n, b), lock.ErrLost, "Release with another token")
	s.isHeld(n, "after a Release with another token")
	s.must(s.renewErr(n, a), "Renew by the holder, after a Release with another token")
	s.must(s.releaseErr(n, a), "Release by the holder")
	s.acquire(n, b)
	s.must(s.releaseErr(n, b), "Release by the next holder")
}

func (s *suite) oneOfMany() {
	if !s.p.Exclusive {
		s.Skip("this backend promises no exclusion")
	}
	n := s.name("many")
	for range 20 {
		winners := s.contest(n, 8)
		if len(winners) != 1 {
			s.broken("%d of 8 got the lock at the same time", len(winners))
		}
		s.must(s.releaseErr(n, winners[0]), "Release")
	}
}

// contest lets several callers ask for one name at the same time.
func (s *suite) contest(name string, callers int) (winners []lock.Token) {
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range callers {
		all.Go(func() {
			token := NewToken()
			_, err := s.b.Acquire(s.Context(), name, claim(token), time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				winners = append(winners, token)
			} else if !errors.Is(err, lock.ErrHeld) {
				failed = err
			}
		})
	}
	all.Wait()
	s.must(failed, "Acquire beside others")
	return winners
}

// counter lets several Lockers raise a number that is read and written in two
// steps. A backend without Properties.Exclusive passes while its server forgets
// nothing.
func (s *suite) counter() {
	const lockers, each = 8, 5
	n := s.name("counter")
	var number atomic.Int64
	failed := make([]error, lockers)
	var all sync.WaitGroup
	for i := range lockers {
		all.Go(func() {
			l := lock.New(s.b, lock.WithPoll(5*time.Millisecond))
			defer l.Close()
			for range each {
				failed[i] = errors.Join(failed[i], l.Do(s.Context(), n, func(context.Context) error {
					was := number.Load()
					time.Sleep(time.Millisecond)
					number.Store(was + 1)
					return nil
				}, lock.WithWait(time.Minute)))
			}
		})
	}
	all.Wait()
	s.must(errors.Join(failed...), "Do beside others")
	if got := number.Load(); got != lockers*each {
		s.broken("a counter that was raised %d times is %d", lockers*each, got)
	}
}

func (s *suite) wholeToken() {
	n, token := s.name("prefix"), NewToken()
	s.acquire(n, token)
	cut := []lock.Token{"", token[:1], token[:len(token)-1], token + "x"}
	for _, wrong := range append(cut, lock.Token(strings.ToLower(string(token)))+"x") {
		s.is(s.releaseErr(n, wrong), lock.ErrLost, fmt.Sprintf("Release with a token that only resembles the holder's (%d characters)", len(wrong)))
		s.is(s.renewErr(n, wrong), lock.ErrLost, "Renew with a token that only resembles the holder's")
	}
	for _, wrong := range cut {
		if _, err := s.b.Acquire(s.Context(), n, claim(wrong), s.ttl); err == nil {
			s.broken("Acquire of a held name with a token that only resembles the holder's (%d characters) was granted", len(wrong))
		}
	}
	s.must(s.releaseErr(n, token), "Release by the holder")
}

func (s *suite) sameToken() {
	n, token := s.name("again"), NewToken()
	first := s.acquire(n, token)
	second, err := s.b.Acquire(s.Context(), n, claim(token), s.ttl)
	s.must(err, "Acquire by the holder")
	if first != second {
		s.broken("a request that is sent twice gets the same fence twice: got %d and %d", first, second)
	}
	s.must(s.releaseErr(n, token), "Release")
	s.acquire(n, NewToken()) // one Release frees a name however often it was acquired
}

func (s *suite) releaseOnce() {
	n, a, b := s.name("once"), NewToken(), NewToken()
	s.acquire(n, a)
	s.must(s.releaseErr(n, a), "Release")
	s.is(s.releaseErr(n, a), lock.ErrLost, "a second Release")
	s.is(s.renewErr(n, a), lock.ErrLost, "Renew after Release")
	s.acquire(n, b)
	s.is(s.releaseErr(n, a), lock.ErrLost, "Release by the holder before")
	s.must(s.renewErr(n, b), "Renew by the next holder")
	s.must(s.releaseErr(n, b), "Release by the next holder")
}

func (s *suite) endedContext() {
	n := s.name("context")
	ended, cancel := context.WithCancel(s.Context())
	cancel()
	if _, err := s.b.Acquire(ended, n, claim(NewToken()), s.ttl); err == nil {
		s.broken("Acquire with an ended context succeeded")
	}
	s.is(s.holderErr(s.Context(), n), lock.ErrNotHeld, "Holder after Acquire with an ended context")
}
