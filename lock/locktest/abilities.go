package locktest

import "github.com/mosparo/go-cluster/lock"

func (s *suite) list() {
	b, ok := s.b.(lock.Lister)
	if !ok {
		s.Skip("this backend cannot list")
	}
	missing := map[string]lock.Token{s.name("one"): NewToken(), s.name("{two}"): NewToken()}
	for n, token := range missing {
		s.acquire(n, token)
	}
	free, token := s.name("free"), NewToken()
	s.acquire(free, token)
	s.must(s.releaseErr(free, token), "Release")
	for h, err := range b.Holders(s.Context()) {
		s.must(err, "Holders")
		if h.Name == free {
			s.broken("Holders yields %q, which is free", free)
		}
		if missing[h.Name] == h.Token {
			delete(missing, h.Name)
		}
	}
	if len(missing) > 0 {
		s.broken("Holders yields all held names; it left out %v", missing)
	}
}

func (s *suite) breaks() {
	b, ok := s.b.(lock.Breaker)
	if !ok {
		s.Skip("this backend cannot break a lock")
	}
	n, token := s.name("break"), NewToken()
	s.is(b.Break(s.Context(), n), lock.ErrNotHeld, "Break of a free name")
	s.acquire(n, token)
	s.must(b.Break(s.Context(), n), "Break")
	s.is(s.renewErr(n, token), lock.ErrLost, "Renew after Break")
	s.acquire(n, NewToken())
}
