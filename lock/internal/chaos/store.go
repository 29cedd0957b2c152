package chaos

import (
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/lock/internal/history"
)

// RegisterOp is one operation on the register that a name guards. A register
// has a value and the largest fence that it has seen. "open" shows it a fence
// and reads the value, "write" sets the value; both are refused if the fence
// is smaller than one it has seen.
type RegisterOp struct {
	Process          int
	Name, Op         string
	Fence            uint64
	Value            int // of a write
	Called, Returned time.Time
	// OK is false for what was refused. Read is the value of an open.
	OK   bool
	Read int
}

// message is sent by a process to the store, as a line of JSON.
type message struct {
	Process int    `json:"p,omitempty"`
	Op      string `json:"op"`
	Name    string `json:"n,omitempty"`
	Fence   uint64 `json:"f,omitempty"`
	Value   int    `json:"v,omitempty"`
	Count   int    `json:"c,omitempty"`
	// Times are in nanoseconds of Unix time.
	Called   int64 `json:"t,omitempty"`
	Returned int64 `json:"r,omitempty"` // of the operation before
	Asked    int64 `json:"a,omitempty"`
	Expiry   int64 `json:"e,omitempty"`
}

type answer struct {
	OK    bool `json:"ok"`
	Value int  `json:"v"`
	Count int  `json:"c"`
}

// register is the state of a name in the store. Only the lock guards the counter.
type register struct {
	fence         uint64
	value, writes int
	counter, adds int
}

// store is the resource that the locks guard, shared by all processes, and records
// which of them holds which name.
type store struct {
	listener net.Listener
	fencing  bool
	all      sync.WaitGroup

	mu                    sync.Mutex
	registers             map[string]*register
	history               history.History
	ops                   []RegisterOp
	open                  map[int]*history.Interval // by process
	killed                map[int]time.Time
	ended                 map[int]chan struct{}
	began                 int
	lost, failed, refused int
}

func newStore(c Scenario) (*store, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &store{
		listener: l, fencing: c.Fencing, registers: map[string]*register{},
		open: map[int]*history.Interval{}, killed: map[int]time.Time{}, ended: map[int]chan struct{}{},
	}
	s.all.Go(s.accept)
	return s, nil
}

func (s *store) addr() string { return s.listener.Addr().String() }

// close is called when all processes have ended.
func (s *store) close() {
	_ = s.listener.Close()
	s.all.Wait()
}

func (s *store) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() { s.serve(c) })
	}
}

func (s *store) acquisitions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.began
}

func (s *store) holds(process int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[process] != nil
}

// serve handles the messages of one process until it ends.
func (s *store) serve(c net.Conn) {
	defer c.Close()
	in, out := json.NewDecoder(c), json.NewEncoder(c)
	pending := -1 // the operation whose return is not yet known
	process := 0
	for {
		var m message
		if err := in.Decode(&m); err != nil {
			break
		}
		process = m.Process
		a, reply := s.handle(m, &pending)
		if reply && out.Encode(a) != nil {
			break
		}
	}
	s.end(process)
}

// end completes the history of a process that was killed: a lease that it held
// ended then, or at the last deadline that it sent if that was before.
func (s *store) end(process int) {
	if process == 0 {
		return // it sent no message
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.open[process]; i != nil {
		if at, ok := s.killed[process]; ok {
			i.To = history.Earlier(i.To, at)
		}
		if i.To.After(i.From) {
			s.history.Add(*i)
		}
		delete(s.open, process)
	}
	close(s.done(process))
}

func (s *store) done(process int) chan struct{} {
	if s.ended[process] == nil {
		s.ended[process] = make(chan struct{})
	}
	return s.ended[process]
}

// killing records that a process is about to be killed.
func (s *store) killing(process int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed[process] = time.Now()
}

// awaitEnd waits until all messages of a process are handled; it gives up on a
// process that sent none.
func (s *store) awaitEnd(process int) {
	s.mu.Lock()
	done := s.done(process)
	s.mu.Unlock()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

func (s *store) handle(m message, pending *int) (a answer, reply bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *pending >= 0 && m.Returned != 0 {
		s.ops[*pending].Returned = time.Unix(0, m.Returned)
		*pending = -1
	}
	switch m.Op {
	case "held":
		s.began++
		s.open[m.Process] = &history.Interval{
			Name: m.Name, Asked: time.Unix(0, m.Asked), From: time.Unix(0, m.Called), To: time.Unix(0, m.Expiry),
			Fence: m.Fence, HolderName: fmt.Sprint("process ", m.Process),
		}
	case "holds":
		s.open[m.Process].To = time.Unix(0, m.Expiry)
	case "done":
		i := s.open[m.Process]
		i.To = history.Earlier(time.Unix(0, m.Called), time.Unix(0, m.Expiry))
		s.history.Add(*i)
		delete(s.open, m.Process)
	case "lost":
		s.lost++
	case "failed":
		s.failed++
	case "open", "write":
		*pending = len(s.ops)
		return s.apply(m), true
	}
	return answer{}, false
}

// apply performs an operation on a register. Comparing with the largest fence is
// all that a store needs to refuse stale holders.
func (s *store) apply(m message) answer {
	r := s.registers[m.Name]
	if r == nil {
		r = &register{}
		s.registers[m.Name] = r
	}
	ok := !s.fencing || m.Fence >= r.fence
	switch {
	case !ok:
		s.refused++
	case m.Op == "write":
		r.fence, r.value = m.Fence, m.Value
		r.writes++
	default:
		r.fence = m.Fence
	}
	a := answer{OK: ok, Value: r.value, Count: r.counter}
	if m.Op == "write" && m.Count > 0 {
		r.counter = m.Count
		r.adds++
	}
	s.ops = append(s.ops, RegisterOp{
		Process: m.Process, Name: m.Name, Op: m.Op, Fence: m.Fence, Value: m.Value,
		Called: time.Unix(0, m.Called), OK: ok, Read: r.value,
	})
	return a
}

// lostUpdates reports registers whose value is not the number of writes: every
// holder writes one more than it read, unless a stale one wrote in between.
func (s *store) lostUpdates() (wrong []error) {
	for name, r := range s.registers {
		if r.value != r.writes {
			wrong = append(wrong, fmt.Errorf("%q: the fenced register has %d after %d writes: a stale holder has written", name, r.value, r.writes))
		}
	}
	return wrong
}

// wrongCounters reports counters that are not the number of additions.
func (s *store) wrongCounters() (wrong []error) {
	for name, r := range s.registers {
		if r.counter != r.adds {
			wrong = append(wrong, fmt.Errorf("%q: the counter is %d after %d additions: two had the lock at a time", name, r.counter, r.adds))
		}
	}
	return wrong
}
