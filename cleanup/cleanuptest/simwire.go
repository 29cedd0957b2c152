package cleanuptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

var (
	errCut  = errors.New("simulated: no route to the server")
	errDead = errors.New("simulated: this process has died")
)

// The servers of the simulated cluster.
const (
	cacheServer    = "cache"
	lockServer     = "lock"
	databaseServer = "database"
)

const (
	// near is how long a request or a reply takes at most on the nearest node, and
	// farthest the factor for the farthest.
	near     = 3 * time.Millisecond
	farthest = 15
	// clientTimeout is how long a client waits for a server that it cannot reach.
	clientTimeout = 2 * time.Second
)

// wire is the network between one process and the servers: every request travels to the
// server and back, and is lost on either way if the process crashes or is partitioned from
// the server.
type wire struct {
	w    *world
	node string
	dead atomic.Bool

	mu sync.Mutex
	by cleanup.Executor // of the row that was inserted last
	// When the process last read the statistics, when it last read them before it
	// inserted its row, and when it inserted that.
	read, readBefore, inserted time.Duration
}

// do makes a request that may change something. what tells requests of one moment apart.
func (c *wire) do(ctx context.Context, server, op, what string, f func() error) error {
	c.w.endQuiet()
	defer c.w.endQuiet()
	return c.roundTrip(ctx, server, op, what, f)
}

// takesNoTime reports whether a request that only reads the schedule is answered
// immediately; see [world.isQuiet].
func (c *wire) takesNoTime() bool { return !c.dead.Load() && c.w.isQuiet() }

func (c *wire) roundTrip(ctx context.Context, server, op, what string, f func() error) error {
	if err := c.travel(ctx, server, op+" request", what); err != nil {
		return err
	}
	err := f()
	if lost := c.travel(ctx, server, op+" reply", what); lost != nil {
		return lost
	}
	return err
}

// travel takes the time of one way through the network.
func (c *wire) travel(ctx context.Context, server, leg, what string) error {
	if c.dead.Load() {
		return errDead
	}
	if c.w.isCut(c.node, server) {
		return c.timeout(ctx, server, leg, what)
	}
	far := near * time.Duration(1+c.w.random.draw(0, c.node, "distance")%farthest)
	takes := c.w.between(time.Microsecond, far, c.node, server, leg, what)
	if slow := c.w.slowness(server); slow > 0 {
		takes = c.w.between(time.Microsecond, slow, c.node, server, leg, what)
	}
	if err := sleep(ctx, takes); err != nil {
		return err
	}
	switch {
	case c.dead.Load():
		return errDead
	case c.w.isCut(c.node, server):
		return c.timeout(ctx, server, leg, what)
	}
	return nil
}

func (c *wire) timeout(ctx context.Context, server, leg, what string) error {
	if err := sleep(ctx, clientTimeout+c.w.between(0, near, c.node, server, leg, what, "timeout")); err != nil {
		return err
	}
	if c.dead.Load() {
		return errDead
	}
	return errCut
}

// wiredCache is the shared cache of a process.
type wiredCache struct{ *wire }

func cacheError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &cache.OpError{Op: op, Err: fmt.Errorf("%w: %w", cache.ErrUnavailable, err)}
}

// Get implements [cache.Adapter].
func (c wiredCache) Get(ctx context.Context, keys ...string) (values [][]byte, err error) {
	ask := c.do
	if slices.Contains(keys, string(cleanup.NextCleanup)) {
		if c.takesNoTime() {
			values, err = c.w.adapter.Get(ctx, keys...)
			return values, cacheError("get", err)
		}
		ask = c.roundTrip
	}
	err = ask(ctx, cacheServer, "get", strings.Join(keys, " "), func() (err error) {
		values, err = c.w.adapter.Get(context.WithoutCancel(ctx), keys...)
		return err
	})
	if err != nil {
		values = nil
	}
	return values, cacheError("get", err)
}

// Set implements [cache.Adapter].
func (c wiredCache) Set(ctx context.Context, items ...cache.Item) error {
	what := ""
	if len(items) > 0 {
		what = items[0].Key
	}
	return cacheError("set", c.do(ctx, cacheServer, "set", what, func() error { return c.w.adapter.Set(context.WithoutCancel(ctx), items...) }))
}

// Delete implements [cache.Adapter].
func (c wiredCache) Delete(ctx context.Context, keys ...string) error {
	return cacheError("delete", c.do(ctx, cacheServer, "delete", strings.Join(keys, " "), func() error { return c.w.adapter.Delete(context.WithoutCancel(ctx), keys...) }))
}

// Close implements [cache.Adapter].
func (wiredCache) Close() error { return nil }

// wiredLocks is the lock backend of a process.
type wiredLocks struct{ *wire }

// Properties implements [lock.Backend]. Unlike a memory locker's, all nodes share it.
func (wiredLocks) Properties() lock.Properties {
	p := memorylocker.New().Properties()
	p.Shared = true
	return p
}

// Acquire implements [lock.Backend].
func (c wiredLocks) Acquire(ctx context.Context, name string, claim lock.Claim, ttl time.Duration) (fence uint64, err error) {
	err = c.do(ctx, lockServer, "acquire", name, func() (err error) {
		fence, err = c.w.locks.Acquire(context.WithoutCancel(ctx), name, claim, ttl)
		return err
	})
	return fence, err
}

// Renew implements [lock.Backend].
func (c wiredLocks) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	return c.do(ctx, lockServer, "renew", name, func() error { return c.w.locks.Renew(context.WithoutCancel(ctx), name, token, ttl) })
}

// Release implements [lock.Backend].
func (c wiredLocks) Release(ctx context.Context, name string, token lock.Token) error {
	return c.do(ctx, lockServer, "release", name, func() error { return c.w.locks.Release(context.WithoutCancel(ctx), name, token) })
}

// Holder implements [lock.Backend].
func (c wiredLocks) Holder(ctx context.Context, name string) (h lock.Holder, err error) {
	err = c.do(ctx, lockServer, "holder", name, func() (err error) {
		h, err = c.w.locks.Holder(context.WithoutCancel(ctx), name)
		return err
	})
	return h, err
}
