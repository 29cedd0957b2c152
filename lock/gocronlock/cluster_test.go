package gocronlock_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/gocronlock"
	"github.com/mosparo/go-cluster/lock/internal/history"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// This test runs real processes, each with a gocron scheduler, on a real
// Redis. The test binary is its own child: GOCRONLOCK_NODE holds the address.

// The nodes try at every full second. However late they are, the minimum hold
// lies between two runs; and as it is nearly a second, there is one run a tick.
const (
	hold = 800 * time.Millisecond
	ttl  = 2500 * time.Millisecond
)

// report is what a node tells the test: how an attempt ended, or a run.
type report struct {
	node    int
	Outcome string // of an attempt: ran, held or failed
	Run     *history.Interval
}

func (r report) print() {
	b, err := json.Marshal(r)
	if err == nil {
		_, err = os.Stdout.Write(append(b, '\n'))
	}
	if err != nil {
		panic(err)
	}
}

// reporting is a locker that tells of what gocron does with it. It is behind, as
// if the node's clock were.
type reporting struct {
	*gocronlock.Locker
	behind time.Duration
}

func (r reporting) Lock(ctx context.Context, job string) (gocron.Lock, error) {
	time.Sleep(r.behind)
	held, err := r.Locker.Lock(ctx, job)
	switch {
	case errors.Is(err, lock.ErrHeld):
		report{Outcome: "held"}.print()
	case err != nil:
		report{Outcome: "failed"}.print()
	default:
		report{Outcome: "ran"}.print()
		held = &run{held, r.Lease(job), time.Now()}
	}
	return held, err
}

type run struct {
	gocron.Lock
	lease *lock.Lease
	from  time.Time
}

func (r *run) Unlock(ctx context.Context) error {
	to := time.Now()
	if end := r.lease.Expiry(); end.Before(to) {
		to = end
	}
	owner := r.lease.Holder().Owner
	report{Run: &history.Interval{
		Name: r.lease.Name(), HolderName: strconv.Itoa(owner.PID),
		Asked: owner.Since, From: r.from, To: to, Fence: r.lease.Fence(),
	}}.print()
	return r.Lock.Unlock(ctx)
}

// childNode runs the job at every full second until its standard input ends,
// which it does with the parent.
func childNode(t *testing.T, addr string, behind time.Duration) {
	c := connect(t, addr)
	locker := lock.New(redislocker.New(c))
	defer locker.Close()
	jobs := gocronlock.New(locker, lock.WithMinHold(hold), lock.WithTTL(ttl))
	s, err := gocron.NewScheduler(gocron.WithDistributedLocker(reporting{jobs, behind}))
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

// nodes are the processes and what they reported.
type nodes struct {
	t       *testing.T
	cmds    map[int]*exec.Cmd
	reports chan report
	seen    []report
}

func (n *nodes) start(id int, addr string) {
	n.t.Helper()
	r, w, err := os.Pipe()
	require.NoError(n.t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^"+n.t.Name()+"$")
	cmd.Env = append(os.Environ(), "GOCRONLOCK_NODE="+addr, "GOCRONLOCK_BEHIND="+(time.Duration(id)*150*time.Millisecond).String())
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
			if json.Unmarshal(lines.Bytes(), &rep) == nil { // else it is what the test binary says
				n.reports <- rep
			}
		}
	}()
}

// await waits until the reports from now on are enough. The time is for busy
// machines.
func (n *nodes) await(what string, enough func([]report) bool) {
	n.t.Helper()
	from := len(n.seen)
	timeout := time.After(2 * time.Minute)
	for !enough(n.seen[from:]) {
		select {
		case r := <-n.reports:
			n.seen = append(n.seen, r)
		case <-timeout:
			n.t.Fatalf("there is no %s; reports: %+v", what, n.seen[from:])
		}
	}
}

// eachTried reports whether every node that lives has had this outcome.
func (n *nodes) eachTried(outcomes ...string) func([]report) bool {
	return func(reports []report) bool {
		for id := range n.cmds {
			if !slices.ContainsFunc(reports, func(r report) bool { return r.node == id && slices.Contains(outcomes, r.Outcome) }) {
				return false
			}
		}
		return true
	}
}

func runs(reports []report) (all []history.Interval) {
	for _, r := range reports {
		if r.Run != nil {
			all = append(all, *r.Run)
		}
	}
	return all
}

func atLeast(count int) func([]report) bool {
	return func(reports []report) bool { return len(runs(reports)) >= count }
}

func TestCluster_AJobRunsOnceATickAlsoAfterItsNodeWasKilled(t *testing.T) {
	if addr := os.Getenv("GOCRONLOCK_NODE"); addr != "" {
		behind, err := time.ParseDuration(os.Getenv("GOCRONLOCK_BEHIND"))
		require.NoError(t, err)
		childNode(t, addr, behind)
		return
	}
	server := servers.Redis(t)
	c := connect(t, server.Addr())
	n := &nodes{t: t, cmds: map[int]*exec.Cmd{}, reports: make(chan report, 10_000)}
	for id := range 3 {
		n.start(id, server.Addr())
	}
	n.await("attempt of each", n.eachTried("ran", "held"))
	n.await("run", atLeast(3))

	// A run that hangs keeps the others out, for longer than TTL and hold.
	require.NoError(t, c.Set(t.Context(), "hang", "1", 0).Err())
	hanging(t, c)
	n.await("refusal of each", n.eachTried("held"))

	// Its node is killed while it holds the lock: nobody gives it back.
	killed := n.kill(hanging(t, c))
	require.NoError(t, c.Del(t.Context(), "hang").Err())
	n.await("attempt of each", n.eachTried("ran", "held"))
	n.await("run", atLeast(3))
	requireOneAtATime(t, append(runs(n.seen), killed))
}

// hanging waits for a run that takes longer than its TTL, and returns what is
// known of it.
func hanging(t *testing.T, c *redis.Client) (run history.Interval) {
	t.Helper()
	backend := redislocker.New(c)
	require.Eventually(t, func() bool {
		now := time.Now()
		h, err := backend.Holder(t.Context(), gocronlock.Name("job"))
		run = history.Interval{
			Name: h.Name, HolderName: strconv.Itoa(h.Owner.PID),
			Asked: h.Owner.Since, From: granted(h.Fence), To: now, Fence: h.Fence,
		}
		return err == nil && now.Sub(h.Owner.Since) > ttl+hold
	}, 2*time.Minute, 20*time.Millisecond)
	return run
}

// kill kills the node of a run.
func (n *nodes) kill(run history.Interval) history.Interval {
	n.t.Helper()
	for id, cmd := range n.cmds {
		if strconv.Itoa(cmd.Process.Pid) == run.HolderName {
			require.NoError(n.t, cmd.Process.Kill())
			_ = cmd.Wait() // it was killed
			delete(n.cmds, id)
			return run
		}
	}
	n.t.Fatalf("%s is none of the nodes", run.HolderName)
	return run
}

// granted is when the server drew a fence.
func granted(fence uint64) time.Time { return time.UnixMicro(int64(fence)) }

// requireOneAtATime looks at all runs.
func requireOneAtATime(t *testing.T, all []history.Interval) {
	t.Helper()
	var h history.History
	for _, r := range all {
		h.Add(r)
	}
	require.Empty(t, h.Check(true))
	slices.SortFunc(all, func(a, b history.Interval) int { return a.Asked.Compare(b.Asked) })
	for i, next := range all[1:] {
		require.GreaterOrEqual(t, granted(next.Fence), all[i].Asked.Add(hold).Truncate(time.Microsecond), "the hold of %+v, then %+v", all[i], next)
	}
}
