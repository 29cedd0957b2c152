package cleanuptest_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
)

const day = 24 * time.Hour

// server is a node of a user's: a scheduler with default options and a page that reads the
// schedule.
func server(ctx context.Context, env cleanuptest.NodeEnv) error {
	locker := lock.New(env.Locks, lock.WithRandom(env.Random("lock")))
	defer locker.Close()
	pool := cache.NewPool(env.Cache)
	env.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := cleanup.NextCleanup.Get(r.Context(), pool); errors.Is(err, cache.ErrUnavailable) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	}))
	return cleanup.New(pool, locker, env.Database, cleanup.WithMode(cleanup.ModeClean), cleanup.WithRandom(env.Random("cleanup"))).Run(ctx)
}

var traffic = cleanuptest.Traffic{Paths: []string{"/a", "/b"}}

func TestSimulation_NodesOfOnesOwnBesideTheModels(t *testing.T) {
	seeds := uint64(6)
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		seeds = 20
	}
	for seed := range seeds {
		s := cleanuptest.Simulation{Seed: seed, Nodes: 2, Start: server, GoNodes: int(seed % 2), PHPNodes: int(seed % 3), Faults: seed%4 > 0, Traffic: traffic}
		o := s.Run(t)
		require.NoError(t, o.Err(), seed)
		require.NotEmpty(t, o.Runs)
		require.Equal(t, o.Requests.Sent, o.Requests.NotReady+answered(o)+unanswered(o), "each request is counted once")
		require.Greater(t, o.Requests.Statuses[http.StatusOK], 900)
		if !s.Faults {
			require.Empty(t, o.Requests.Failed)
			require.Less(t, o.Requests.NotReady, 20, "only while they start")
		}
	}
}

func answered(o cleanuptest.Outcome) (n int) {
	for _, count := range o.Requests.Statuses {
		n += count
	}
	return n
}

func unanswered(o cleanuptest.Outcome) (n int) {
	for _, f := range o.Requests.Failed {
		if f.Status == 0 {
			n++
		}
	}
	return n
}

func TestSimulation_NodesOfOnesOwnRunTheSameWayFromTheSameSeed(t *testing.T) {
	seeds, again := uint64(2), 3
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		seeds, again = 5, 4
	}
	for seed := range seeds {
		s := cleanuptest.Simulation{Seed: seed, Duration: 2 * day, Nodes: 3, Start: server, PHPNodes: 1, Faults: true, Traffic: traffic}
		first := s.Run(t)
		for range again - 1 {
			require.Equal(t, first, s.Run(t), seed)
		}
	}
}

// A server that obeys the schedule, but takes no lock.
func TestSimulation_FindsAServerThatCleansWithoutTheLock(t *testing.T) {
	o := cleanuptest.Simulation{
		Seed: 1, Nodes: 3,
		Start: func(ctx context.Context, env cleanuptest.NodeEnv) error {
			pool, pause := cache.NewPool(env.Cache), env.Random("pause")
			for ctx.Err() == nil {
				if next, err := cleanup.NextCleanup.Get(ctx, pool); errors.Is(err, cache.ErrNotFound) || err == nil && !time.Now().Before(next) {
					_, _ = env.Database.Clean(ctx, cleanup.Job{})
					_ = cleanup.NextCleanup.Set(ctx, pool, time.Now().Add(6*time.Hour), 0)
				}
				time.Sleep(time.Second + pause(time.Minute))
			}
			return nil
		},
	}.Run(t)
	require.ErrorContains(t, o.Err(), "two Go nodes at the same time")
}

func TestSimulation_ACrashEndsTheProcessAndItsLocksTimeOut(t *testing.T) {
	const ttl = 30 * time.Hour // longer than any process lives
	crashed, crashes, stops := false, 0, 0
	waited := 0 // how many processes waited for the lock of the one before
	cleanuptest.Simulation{
		Seed: 3, Duration: 30 * day, Nodes: 1, GoNodes: 1, Faults: true,
		Start: func(ctx context.Context, env cleanuptest.NodeEnv) error {
			claim := lock.Claim{Token: lock.Token(strconv.FormatUint(env.Seed("token"), 16))}
			held := false
			for {
				_, err := env.Locks.Acquire(ctx, "mine", claim, ttl)
				if err == nil {
					break
				}
				held = held || errors.Is(err, lock.ErrHeld)
				time.Sleep(time.Minute)
				if ctx.Err() != nil {
					return nil //nolint:nilerr // the node has ended
				}
			}
			if held {
				waited++
				require.True(t, crashed, "a process that stopped has released it")
			}
			<-ctx.Done()
			after := context.WithoutCancel(ctx)
			_, _ = env.Database.Recent(after, 50)
			for range 30 { // for as long as a partition lasts
				if err := env.Locks.Release(after, "mine", claim.Token); err == nil || errors.Is(err, lock.ErrLost) {
					stops, crashed = stops+1, false
					return nil
				}
				time.Sleep(time.Minute)
			}
			crashes, crashed = crashes+1, true
			_, err := env.Cache.Get(after, "key")
			require.Error(t, err)
			_, err = env.Database.Recent(after, 50)
			require.Error(t, err)
			return nil
		},
	}.Run(t)
	require.Greater(t, crashes, 2)
	require.Greater(t, stops, 2)
	require.NotZero(t, waited)
}

func TestSimulation_RequestsGoToNodesThatAreReady(t *testing.T) {
	var asked atomic.Int32
	s := cleanuptest.Simulation{
		Seed: 1, Duration: day, Nodes: 2, Traffic: cleanuptest.Traffic{Paths: []string{"/"}, ReadyPath: "/ready"},
		Start: func(ctx context.Context, env cleanuptest.NodeEnv) error {
			env.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/":
					asked.Add(1)
					require.Equal(t, "node-1", env.Host)
				case env.Host == "node-2":
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			}))
			<-ctx.Done()
			return nil
		},
	}
	o := s.Run(t)
	require.NotZero(t, asked.Load())
	require.Equal(t, int(asked.Load()), o.Requests.Statuses[http.StatusOK])
	require.Equal(t, o.Requests.Sent-o.Requests.NotReady, o.Requests.Statuses[http.StatusOK])
}

// A server that answers with errors although it says that it is ready, one that returns
// while a request is under way, one whose handler panics, and one that does not start.
func TestSimulation_FindsServersThatFail(t *testing.T) {
	run := func(start func(ctx context.Context, env cleanuptest.NodeEnv) error, faults bool) cleanuptest.Outcome {
		return cleanuptest.Simulation{
			Seed: 1, Duration: 10 * day, Nodes: 2, GoNodes: 1, Start: start, Faults: faults, Traffic: cleanuptest.Traffic{Paths: []string{"/page"}},
		}.Run(t)
	}
	serving := func(h http.HandlerFunc) func(context.Context, cleanuptest.NodeEnv) error {
		return func(ctx context.Context, env cleanuptest.NodeEnv) error {
			env.Serve(h)
			<-ctx.Done()
			return nil
		}
	}
	o := run(serving(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), false)
	require.ErrorContains(t, o.Err(), "status 502")
	require.Len(t, o.Requests.Failed, o.Requests.Statuses[http.StatusBadGateway])

	o = run(serving(func(http.ResponseWriter, *http.Request) { panic("oh") }), false)
	require.ErrorContains(t, o.Err(), "the handler panicked: oh")

	o = run(serving(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(3 * time.Second):
		case <-r.Context().Done():
		}
	}), true)
	require.ErrorContains(t, o.Err(), "Start returned before the request was answered")
	crashed := 0
	for _, f := range o.Requests.Failed {
		if !f.Avoidable {
			crashed++
		}
	}
	require.NotZero(t, crashed, "a crash is not the server's fault")

	o = run(func(context.Context, cleanuptest.NodeEnv) error { return errors.New("no configuration") }, false)
	require.ErrorContains(t, o.Err(), "no configuration")
	require.Greater(t, len(o.Exits), 100, "it is started again and again")
	require.Equal(t, o.Requests.Sent, o.Requests.NotReady)
}

func TestSimulation_PanicsForMistakes(t *testing.T) {
	for text, s := range map[string]cleanuptest.Simulation{
		"Simulation.Start is nil":                 {Nodes: 1},
		"Simulation.Nodes is negative":            {Nodes: -1},
		"Simulation.MaxDelay is negative":         {MaxDelay: -1},
		"Simulation.Traffic.Interval is negative": {Traffic: cleanuptest.Traffic{Interval: -1}},
	} {
		require.PanicsWithValue(t, "cleanuptest: "+text, func() { s.Run(t) })
	}
}
