package cache

import "sync"

// flights are the loads that are running, by key.
type flights struct {
	mu      sync.Mutex // never held across a wait
	running map[string]*flight
	// ended counts the flights that are over.
	ended uint64
}

// flight is one load, on the goroutine of the caller who came first.
type flight struct {
	landed chan struct{}
	// Then one of these is set.
	raw   []byte // the value as it is stored
	err   error  // why there is none, for all
	again bool   // the load failed with its caller's context: let another try
}

func (s *flights) count() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// join returns the running load of a key, or makes the caller its leader, who
// must call end. fresh is false when another flight has ended since count
// was before: its value may be in the cache by now.
func (s *flights) join(key string, before uint64) (f *flight, leader, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.running[key]; ok {
		return f, false, true
	}
	f = &flight{landed: make(chan struct{})}
	if s.running == nil {
		s.running = map[string]*flight{}
	}
	s.running[key] = f
	return f, true, s.ended == before
}

// end makes room for the next load of the key.
func (s *flights) end(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, key)
	s.ended++
}
