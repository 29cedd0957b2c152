package chaos

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Scenario describes a test in which real processes want the same few names all
// the time, while processes are killed and stopped beyond their TTL and the
// server suffers its faults. The processes are the test binary, started again
// for the test that calls [Scenario.Run], which has to reach that call in every
// process. All times of the history are this machine's clock's.
type Scenario struct {
	// Start starts the server, once, in the test's own process. It returns the
	// address that Open gets in every process, and what can happen to it.
	Start func(t *testing.T) (address string, faults []Fault)
	// Open opens the backend in a process.
	Open func(address string) (lock.Backend, error)

	// Exclusive says that no lease may overlap another, under any of the
	// faults; Fencing that fences rise and stale writes are refused.
	Exclusive, Fencing bool
	// Processes are 8 unless given, Names that they want 3, each for a TTL of
	// 500 ms.
	Processes, Names int
	TTL              time.Duration
	// Acquisitions are how many there are at least, 300 unless given; and every
	// fault happens Rounds times at least, once unless given.
	Acquisitions, Rounds int
	// Calm leaves the processes in peace: none is killed or stopped. With no
	// faults either, a counter that is not atomic is exact at the end.
	Calm bool
}

// Fault is something that happens to the server; Do returns when it is over.
type Fault struct {
	Name string
	Do   func()
}

// Report is what a run has seen.
type Report struct {
	Acquisitions int
	// Killed, Stopped are processes, Lost leases that ended by themselves,
	// Failed acquires that found no server.
	Killed, Stopped, Lost, Failed int
	// Refused are writes that came too late, past a newer fence.
	Refused int
	Faults  map[string]int
	// Ops is the history of the fenced register of each name, for a checker of
	// linearizability.
	Ops []RegisterOp
}

func (r *Report) String() string {
	return fmt.Sprintf("%d acquisitions, %d processes killed and %d stopped, %d leases lost, %d acquires failed, %d late writes refused, faults %v",
		r.Acquisitions, r.Killed, r.Stopped, r.Lost, r.Failed, r.Refused, r.Faults)
}

const chaosEnv = "LOCK_CHAOS"

func (c Scenario) withDefaults() Scenario {
	c.Processes = max(c.Processes, 0)
	if c.Processes == 0 {
		c.Processes = 8
	}
	if c.Names <= 0 {
		c.Names = 3
	}
	if c.TTL <= 0 {
		c.TTL = 500 * time.Millisecond
	}
	if c.Acquisitions <= 0 {
		c.Acquisitions = 300
	}
	c.Rounds = max(c.Rounds, 1)
	return c
}

// Run runs the test and reports every broken rule as an error of t. In the
// processes that it starts it does not return.
func (c Scenario) Run(t *testing.T) *Report {
	t.Helper()
	c = c.withDefaults()
	if job := os.Getenv(chaosEnv); job != "" {
		os.Exit(c.work(job))
	}
	address, faults := c.Start(t)
	s, err := newStore(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	r := &run{Scenario: c, t: t, store: s, address: address, report: &Report{Faults: map[string]int{}}}
	defer r.killAll()
	for range c.Processes {
		r.spawn()
	}
	r.disturb(faults)
	r.killAll()
	s.close()
	r.check()
	return r.report
}

// run is one run in the test's process.
type run struct {
	Scenario
	t       *testing.T
	store   *store
	address string
	report  *Report
	procs   []*process
	spawned int
}

type process struct {
	id  int
	cmd *exec.Cmd
}

// job is what a process has to know.
type job struct {
	ID      int
	Address string
	Store   string
}

func (r *run) spawn() {
	r.spawned++
	b, err := json.Marshal(job{ID: r.spawned, Address: r.address, Store: r.store.addr()})
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(r.t.Name(), "/", "$/^")+"$")
	cmd.Env = append(os.Environ(), chaosEnv+"="+string(b))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	endWithParent(cmd)
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.procs = append(r.procs, &process{id: r.spawned, cmd: cmd})
}

// kill ends a process as a power cut does, and waits until all that it has
// said is heard.
func (r *run) kill(i int) {
	p := r.procs[i]
	r.procs = append(r.procs[:i], r.procs[i+1:]...)
	r.store.kills(p.id)
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
	r.store.gone(p.id)
}

func (r *run) killAll() {
	for len(r.procs) > 0 {
		r.kill(0)
	}
}

// disturb lets one thing happen after the other, in any order, until there was
// enough of everything.
func (r *run) disturb(faults []Fault) {
	rounds := make([]Fault, 0, (len(faults)+2)*r.Rounds)
	for range r.Rounds {
		rounds = append(rounds, faults...)
		if !r.Calm {
			rounds = append(rounds, Fault{"process killed", r.killOne}, Fault{"process stopped", r.stopOne})
		}
	}
	rand.Shuffle(len(rounds), func(i, j int) { rounds[i], rounds[j] = rounds[j], rounds[i] })
	end := time.Now().Add(time.Duration(len(rounds)+1)*(20*time.Second+8*r.TTL) + time.Duration(r.Acquisitions)*50*time.Millisecond)
	for i := 0; i < len(rounds) || r.store.acquisitions() < r.Acquisitions; i++ {
		if time.Now().After(end) {
			r.t.Errorf("only %d acquisitions after %d faults: a process waits for ever", r.store.acquisitions(), i)
			return
		}
		r.progress()
		if len(rounds) > 0 {
			f := rounds[i%len(rounds)]
			f.Do()
			r.report.Faults[f.Name]++
		}
	}
	r.progress() // it goes on after the last fault
}

// progress waits for some acquisitions, so that every fault meets work.
func (r *run) progress() {
	want := r.store.acquisitions() + r.Processes
	for end := time.Now().Add(20*time.Second + 4*r.TTL); r.store.acquisitions() < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Errorf("no progress after %v", r.report.Faults)
			return
		}
	}
}

func (r *run) killOne() {
	r.kill(r.holder())
	r.report.Killed++
	r.spawn()
}

// stopOne stops a process that holds a lease, until that is over. What holds a
// name only for a moment is let go and another tried.
func (r *run) stopOne() {
	if !canStop {
		return
	}
	end := time.Now().Add(10 * time.Second)
	for stopped := false; !stopped && time.Now().Before(end); {
		p := r.procs[r.holder()]
		if err := p.cmd.Process.Signal(stopSignal); err != nil {
			r.t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // what it said last is on its way
		if stopped = r.store.holds(p.id); stopped {
			time.Sleep(r.TTL + rand.N(r.TTL))
		}
		_ = p.cmd.Process.Signal(contSignal)
	}
	r.report.Stopped++
}

// holder is a process that holds a lease just now, or any.
func (r *run) holder() int {
	first := rand.N(len(r.procs))
	for i := range r.procs {
		if at := (first + i) % len(r.procs); r.store.holds(r.procs[at].id) {
			return at
		}
	}
	return first
}

// check judges what has happened.
func (r *run) check() {
	s := r.store
	r.report.Acquisitions, r.report.Lost, r.report.Failed = s.history.Len(), s.lost, s.failed
	r.report.Refused, r.report.Ops = s.refused, s.ops
	var wrong []error
	if r.Exclusive {
		wrong = append(wrong, s.history.CheckOverlap()...)
	}
	if r.Fencing {
		wrong = append(wrong, s.history.CheckFences()...)
		wrong = append(wrong, s.lostUpdates()...)
	}
	if r.Calm && len(r.report.Faults) == 0 {
		wrong = append(wrong, s.wrongCounters()...)
	}
	for i, err := range wrong {
		if i == 20 {
			r.t.Errorf("and %d more", len(wrong)-i)
			break
		}
		r.t.Error(err)
	}
	r.orphans()
}

// orphans looks for names that no process holds and none can have: after its TTL every
// name is free, though all its holders were killed.
func (r *run) orphans() {
	b, err := r.Open(r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	l := lock.New(b)
	defer l.Close()
	for n := range r.Names {
		began := time.Now()
		lease, err := l.Acquire(r.t.Context(), chaosName(n), lock.WithTTL(r.TTL), lock.WithWait(r.TTL+10*time.Second))
		if err != nil {
			r.t.Errorf("%q is an orphan: %v after the end of all processes: %v", chaosName(n), time.Since(began), err)
			continue
		}
		if err := lease.Release(r.t.Context()); err != nil {
			r.t.Error(err)
		}
	}
}

func chaosName(n int) string { return fmt.Sprintf("chaos {%d}", n) }
