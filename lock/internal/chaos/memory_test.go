package chaos_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/chaos"
	"github.com/mosparo/go-cluster/lock/internal/history"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// cluster are simulated nodes over one server, in a bubble of time: each has
// its own way to the server, which fails in every way that locktest knows.
type cluster struct {
	t       *testing.T
	backend *memorylocker.Backend
	history history.History

	mu  sync.Mutex
	reg map[string]*fenced
	ops []chaos.RegisterOp
}

func (c *cluster) apply(op chaos.RegisterOp) chaos.RegisterOp {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.reg[op.Name]
	if r == nil {
		r = &fenced{}
		c.reg[op.Name] = r
	}
	op.Called = time.Now()
	op.OK, op.Read = op.Fence >= r.fence, r.value
	if op.OK {
		r.fence = op.Fence
		if op.Op == "write" {
			r.value = op.Value
		}
	}
	op.Returned = op.Called.Add(1)
	c.ops = append(c.ops, op)
	return op
}

func (c *cluster) node(id, times int, f *locktest.Faulty) {
	const ttl = 10 * time.Second
	l := lock.New(f, lock.WithPoll(time.Second))
	defer l.Close()
	for range times {
		name := []string{"a", "b"}[rand.N(2)]
		lease, err := l.Acquire(c.t.Context(), name, lock.WithTTL(ttl), lock.WithWait(-1))
		if err != nil {
			c.t.Error(err)
			return
		}
		done := c.history.Hold(lease, string(rune('a'+id)))
		read := c.apply(chaos.RegisterOp{Process: id, Name: name, Op: "open", Fence: lease.Fence()})
		time.Sleep(rand.N(ttl) + time.Duration(id)) // a phase of its own
		if rand.N(10) == 0 {
			time.Sleep(ttl)
		}
		c.apply(chaos.RegisterOp{Process: id, Name: name, Op: "write", Fence: lease.Fence(), Value: read.Read + 1})
		done()
		_ = lease.Release(c.t.Context()) // one of the faults, if it fails
	}
}

// disturb lets one fault after the other befall a node's way to the server.
func disturb(ctx context.Context, f *locktest.Faulty, id int) {
	for ctx.Err() == nil {
		time.Sleep(rand.N(40*time.Second) + time.Duration(id))
		op := []locktest.Op{locktest.OpAcquire, locktest.OpRenew, locktest.OpRelease}[rand.N(3)]
		switch rand.N(4) {
		case 0:
			f.Partition(true)
			time.Sleep(rand.N(20*time.Second) + time.Duration(id))
			f.Partition(false)
		case 1:
			f.LoseReply(op)
		case 2:
			f.Stray(op, rand.N(15*time.Second))
		case 3:
			f.Delay(rand.N(3 * time.Second))
		}
	}
}

func TestFaults_Memory(t *testing.T) {
	skipUnless(t, "memory")
	synctest.Test(t, func(t *testing.T) {
		const nodes = 5
		n, _ := each()
		c := &cluster{t: t, backend: memorylocker.New(), reg: map[string]*fenced{}}
		ctx, cancel := context.WithCancel(t.Context())
		var work, faults sync.WaitGroup
		for id := range nodes {
			f := locktest.NewFaulty(c.backend)
			work.Go(func() { c.node(id, n/nodes, f) })
			faults.Go(func() { disturb(ctx, f, id) })
		}
		work.Wait()
		cancel()
		faults.Wait()
		require.Empty(t, c.history.Check(true))
		requireLinearizable(t, c.ops)
		time.Sleep(time.Minute)
		for h, err := range c.backend.Holders(t.Context()) {
			require.NoError(t, err)
			t.Errorf("an orphan: %+v", h)
		}
		t.Logf("%d acquisitions in %d operations", c.history.Len(), len(c.ops))
	})
}
