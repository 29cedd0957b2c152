package cache

import "sync"

// loads are the calls of load that are in flight, by key. It is no
// golang.org/x/sync/singleflight: here a load runs on the goroutine and with
// the context of its caller, who gets its panic, and the others wait within
// their own contexts.
type loads struct {
	mu       sync.Mutex // never held across a wait
	inFlight map[string]*loading
	// ended counts the loads that are over.
	ended uint64
}

// loading is one load in flight.
type loading struct {
	done chan struct{}
	// Once done is closed, one of these is set.
	raw   []byte // the value as it is stored
	err   error  // the error for all callers
	again bool   // the load failed with the context of its caller: another one may load
}

func (s *loads) count() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// join returns the load in flight for a key, or makes the caller its leader, who
// must call end. fresh is false when another load has ended since count
// returned before: its value may be in the cache by now.
func (s *loads) join(key string, before uint64) (l *loading, leader, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.inFlight[key]; ok {
		return l, false, true
	}
	l = &loading{done: make(chan struct{})}
	if s.inFlight == nil {
		s.inFlight = map[string]*loading{}
	}
	s.inFlight[key] = l
	return l, true, s.ended == before
}

// end makes room for the next load of the key.
func (s *loads) end(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.inFlight, key)
	s.ended++
}
