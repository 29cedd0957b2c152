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

// Scenario describes a test in which real processes contend for a few names while
// faults are injected: processes are killed, or stopped for longer than their TTL,
// and the server fails. The processes are the test binary, started again for the
// test that calls [Scenario.Run]; the test has to reach that call in every process.
// All times of the history are of this machine's clock.
type Scenario struct {
	// Start starts the server, once, in the test's own process. It returns the
	// address for Open, and the faults that can be injected.
	Start func(t *testing.T) (address string, faults []Fault)
	// Open opens the backend; it is called in every process.
	Open func(address string) (lock.Backend, error)

	// Exclusive: no two leases of a name may overlap, under any of the faults.
	// Fencing: fences rise, and stale writes are refused.
	Exclusive, Fencing bool
	// Processes (default 8) contend for Names (default 3), each for TTL (default
	// 500 ms).
	Processes, Names int
	TTL              time.Duration
	// A run ends after Acquisitions (default 300) and after every fault was
	// injected Rounds times (default once).
	Acquisitions, Rounds int
	// Calm: no process is killed or stopped. If there are no faults either, a
	// counter that is read and written in two steps is exact in the end.
	Calm bool
}

// Fault is a failure of the server. Do injects it and returns when it is over.
type Fault struct {
	Name string
	Do   func()
}

// Report counts what happened in a run.
type Report struct {
	Acquisitions int
	// Killed and Stopped count processes, Lost the leases that ended before their
	// release, Failed the acquires that did not reach the server.
	Killed, Stopped, Lost, Failed int
	// Refused counts the writes that came after one with a larger fence.
	Refused int
	Faults  map[string]int
	// Ops is the history of the fenced registers, for a linearizability checker.
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

// Run runs the test and reports every violation as an error of t. In the processes
// that it starts it does not return.
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
	r.inject(faults)
	r.killAll()
	s.close()
	r.check()
	return r.report
}

// run is the state of a run in the test's own process.
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

// job is the input of a process.
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

// kill ends a process as a power cut does, and waits until all its messages are
// handled.
func (r *run) kill(i int) {
	p := r.procs[i]
	r.procs = append(r.procs[:i], r.procs[i+1:]...)
	r.store.killing(p.id)
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
	r.store.awaitEnd(p.id)
}

func (r *run) killAll() {
	for len(r.procs) > 0 {
		r.kill(0)
	}
}

// inject injects the faults in random order, each between some acquisitions, until
// there were enough of both.
func (r *run) inject(faults []Fault) {
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

// progress waits for some acquisitions, so that every fault hits processes at work.
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

// stopOne stops a process that holds a lease until the lease has ended. If the
// process has released it before the stop took effect, it tries another one.
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
		time.Sleep(5 * time.Millisecond) // its last message is in flight
		if stopped = r.store.holds(p.id); stopped {
			time.Sleep(r.TTL + rand.N(r.TTL))
		}
		_ = p.cmd.Process.Signal(contSignal)
	}
	r.report.Stopped++
}

// holder returns the index of a process that holds a lease, or any if none does.
func (r *run) holder() int {
	first := rand.N(len(r.procs))
	for i := range r.procs {
		if at := (first + i) % len(r.procs); r.store.holds(r.procs[at].id) {
			return at
		}
	}
	return first
}

// check fills the report and reports the violations.
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
	r.checkOrphans()
}

// checkOrphans reports names that stay held after all processes were killed: every
// name has to be free after its TTL.
func (r *run) checkOrphans() {
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
