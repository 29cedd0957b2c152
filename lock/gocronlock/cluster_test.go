package gocronlock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/gocronlock"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// This test runs real processes, each with a gocron scheduler, on a real
// Redis. The test binary is its own child: GOCRONLOCK_NODE holds the address.

// What the nodes do at every full second. On a busy machine one may be late,
// and then the seconds are not told from each other: so every node reports how
// late it was, and seconds in which one was later than onTime do not count.
const (
	hold   = 500 * time.Millisecond
	onTime = 250 * time.Millisecond
)

// reporting tells the parent how each attempt of gocron's ended.
type reporting struct{ *gocronlock.Locker }

func (r reporting) Lock(ctx context.Context, job string) (gocron.Lock, error) {
	tick := time.Now().Truncate(time.Second)
	held, err := r.Locker.Lock(ctx, job)
	outcome := "ran"
	if errors.Is(err, lock.ErrHeld) {
		outcome = "held"
	} else if err != nil {
		outcome = "failed"
	}
	fmt.Printf("TRY %d %d %s\n", tick.Unix(), time.Since(tick), outcome)
	return held, err
}

// childNode runs the job at every full second until its standard input ends,
// which it does with the parent.
func childNode(t *testing.T, addr string) {
	c := connect(t, addr)
	locker := lock.New(redislocker.New(c))
	defer locker.Close()
	jobs := gocronlock.New(locker, lock.WithMinHold(hold), lock.WithTTL(hold+100*time.Millisecond))
	s, err := gocron.NewScheduler(gocron.WithDistributedLocker(reporting{jobs}))
	require.NoError(t, err)
	_, err = s.NewJob(gocron.CronJob("* * * * * *", true), gocron.NewTask(func() {
		for c.Exists(context.Background(), "hang").Val() > 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}), gocron.WithName("job"))
	require.NoError(t, err)
	s.Start()
	bufio.NewScanner(os.Stdin).Scan()
	require.NoError(t, s.Shutdown())
}

func connect(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// report is one attempt of a node.
type report struct {
	node    int
	tick    int64
	late    time.Duration
	outcome string
}

// nodes are the processes and what they reported.
type nodes struct {
	t       *testing.T
	cmds    map[int]*exec.Cmd
	reports chan report
	seen    map[int64][]report
}

func (n *nodes) start(id int, addr string) {
	n.t.Helper()
	r, w, err := os.Pipe()
	require.NoError(n.t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^"+n.t.Name()+"$")
	cmd.Env = append(os.Environ(), "GOCRONLOCK_NODE="+addr)
	cmd.Stdin, cmd.Stderr = r, os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(n.t, err)
	require.NoError(n.t, cmd.Start())
	require.NoError(n.t, r.Close())
	n.cmds[id] = cmd
	n.t.Cleanup(func() {
		_ = w.Close()
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	})
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			rep := report{node: id}
			if _, err := fmt.Sscanf(lines.Text(), "TRY %d %d %s", &rep.tick, &rep.late, &rep.outcome); err == nil {
				n.reports <- rep
			}
		}
	}()
}

// clean reports whether all nodes that live tried once in a second, and in
// time.
func (n *nodes) clean(tick int64) bool {
	tried := map[int]int{}
	for _, r := range n.seen[tick] {
		if _, lives := n.cmds[r.node]; lives {
			tried[r.node]++
			if r.late > onTime || tried[r.node] > 1 {
				return false
			}
		}
	}
	return len(tried) == len(n.cmds)
}

// outcomes waits for a second after the given one that counts, as the one
// before it does, and returns how its attempts ended.
func (n *nodes) outcomes(after int64) (int64, []report) {
	n.t.Helper()
	timeout := time.After(time.Minute)
	for {
		for tick := range n.seen {
			if tick > after && n.clean(tick) && n.clean(tick-1) {
				return tick, n.seen[tick]
			}
		}
		select {
		case r := <-n.reports:
			n.seen[r.tick] = append(n.seen[r.tick], r)
		case <-timeout:
			require.Greater(n.t, len(n.seen), 10, "the nodes do not try")
			n.t.Skip("skipped: this machine is too busy to tell one second from the next")
		}
	}
}

func (n *nodes) requireOneRun(after int64) int64 {
	n.t.Helper()
	tick, reports := n.outcomes(after)
	require.Equal(n.t, 1, count(reports, "ran"), "second %d: %v", tick, reports)
	require.Equal(n.t, len(reports)-1, count(reports, "held"), "second %d: %v", tick, reports)
	return tick
}

func count(reports []report, outcome string) (c int) {
	for _, r := range reports {
		if strings.EqualFold(r.outcome, outcome) {
			c++
		}
	}
	return c
}

func TestCluster_AJobRunsOnceATickAlsoAfterItsNodeWasKilled(t *testing.T) {
	if addr := os.Getenv("GOCRONLOCK_NODE"); addr != "" {
		childNode(t, addr)
		return
	}
	redisServer := servers.Redis(t)
	c := connect(t, redisServer.Addr())
	n := &nodes{t: t, cmds: map[int]*exec.Cmd{}, reports: make(chan report, 1000), seen: map[int64][]report{}}
	for id := range 3 {
		n.start(id, redisServer.Addr())
	}
	tick := time.Now().Unix()
	for range 3 {
		tick = n.requireOneRun(tick)
	}

	// A run that hangs keeps the others out, for longer than TTL and hold.
	require.NoError(t, c.Set(t.Context(), "hang", "1", 0).Err())
	holder := func() (int, bool) {
		h, err := lock.New(redislocker.New(c)).Holder(t.Context(), gocronlock.Name("job"))
		for id, cmd := range n.cmds {
			if err == nil && cmd.Process.Pid == h.Owner.PID && time.Since(h.Owner.Since) > 2*time.Second {
				return id, true
			}
		}
		return 0, false
	}
	require.Eventually(t, func() bool { _, ok := holder(); return ok }, time.Minute, 20*time.Millisecond)
	tick, reports := n.outcomes(time.Now().Unix())
	require.Equal(t, 3, count(reports, "held"), "second %d: %v", tick, reports)

	// Its node is killed while it holds the lock: nobody gives it back.
	id, ok := holder()
	require.True(t, ok)
	require.NoError(t, n.cmds[id].Process.Kill())
	_ = n.cmds[id].Wait() // it was killed
	delete(n.cmds, id)
	require.NoError(t, c.Del(t.Context(), "hang").Err())
	tick = time.Now().Add(hold + 100*time.Millisecond).Unix()
	for range 3 {
		tick = n.requireOneRun(tick)
	}
}
