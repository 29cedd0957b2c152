package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// worker is the state of one of the processes.
type worker struct {
	Scenario
	id       int
	locker   *lock.Locker
	in       *json.Decoder
	out      *json.Encoder
	returned int64 // of the last operation, sent with the next message
}

// work runs a process until it is killed, or the test has ended.
func (c Scenario) work(text string) (code int) {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		return 2
	}
	conn, err := net.Dial("tcp", j.Store)
	if err != nil {
		return 0 // the test is over
	}
	defer conn.Close()
	b, err := c.Open(j.Address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		return 2
	}
	w := &worker{Scenario: c, id: j.ID, in: json.NewDecoder(conn), out: json.NewEncoder(conn)}
	w.locker = lock.New(b, lock.WithPoll(20*time.Millisecond), lock.WithCallTimeout(c.TTL/2))
	for err == nil {
		err = w.session(chaosName(rand.N(c.Names)))
	}
	return 0
}

// session acquires a lease, uses and releases it. An error means that the test has
// ended.
func (w *worker) session(name string) error {
	ctx := context.Background()
	lease, err := w.locker.Acquire(ctx, name, lock.WithTTL(w.TTL), lock.WithWait(4*w.TTL))
	if err != nil {
		if errors.Is(err, lock.ErrHeld) {
			return w.say(message{Op: "busy"})
		}
		return w.say(message{Op: "failed"})
	}
	err = w.say(message{
		Op: "held", Name: name, Fence: lease.Fence(), Called: time.Now().UnixNano(),
		Asked: lease.Holder().Owner.Since.UnixNano(), Expiry: lease.Expiry().UnixNano(),
	})
	if err == nil {
		err = w.use(lease)
	}
	if err != nil {
		return err
	}
	if lease.Err() != nil {
		if err := w.say(message{Op: "lost"}); err != nil {
			return err
		}
	}
	if err := w.say(message{Op: "done", Called: time.Now().UnixNano(), Expiry: lease.Expiry().UnixNano()}); err != nil {
		return err
	}
	_ = lease.Release(ctx) // it fails when the server does
	return nil
}

// use reads the register and, after a pause, writes one more; one pause in a hundred
// is longer than the TTL. A third of the holders write without checking that they
// still have the lease.
func (w *worker) use(lease *lock.Lease) error {
	read, err := w.register(message{Op: "open", Name: lease.Name(), Fence: lease.Fence()})
	if err != nil || !read.OK {
		return err
	}
	pause := rand.N(2 * time.Millisecond)
	if rand.N(100) == 0 {
		pause = w.TTL + rand.N(w.TTL/2)
	}
	careless := rand.N(3) == 0
	for ; pause > 0 && (careless || lease.Err() == nil); pause -= w.TTL / 4 {
		time.Sleep(min(pause, w.TTL/4))
		if err := w.say(message{Op: "holds", Expiry: lease.Expiry().UnixNano()}); err != nil {
			return err
		}
	}
	if !careless && lease.Err() != nil {
		return nil //nolint:nilerr // a lost lease is part of the test
	}
	// From here on, only the fence keeps a stale holder out.
	_, err = w.register(message{Op: "write", Name: lease.Name(), Fence: lease.Fence(), Value: read.Value + 1, Count: read.Count + 1})
	return err
}

func (w *worker) register(m message) (a answer, err error) {
	m.Called = time.Now().UnixNano()
	if err = w.say(m); err == nil {
		err = w.in.Decode(&a)
	}
	w.returned = time.Now().UnixNano()
	return a, err
}

func (w *worker) say(m message) error {
	m.Process, m.Returned, w.returned = w.id, w.returned, 0
	return w.out.Encode(m)
}
