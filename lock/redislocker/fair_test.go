package redislocker_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/history"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// crowd are callers in several processes, each this test binary, that want one
// name all the time.
type crowd struct {
	Addr               string
	Processes, Callers int
	Poll, Hold, For    time.Duration
}

// share is what the callers of one process got: how often each had the name, and
// the longest wait of any.
type share struct {
	Takes   []float64
	Longest time.Duration
}

// crowdEnv is the crowd of which a process is one.
const crowdEnv = "REDISLOCKER_CROWD"

// takePart is what a process of a crowd does, if this is one.
func takePart(t *testing.T) bool {
	t.Helper()
	raw := os.Getenv(crowdEnv)
	if raw == "" {
		return false
	}
	var c crowd
	require.NoError(t, json.Unmarshal([]byte(raw), &c))
	l := lock.New(redislocker.New(connect(t, c.Addr)), lock.WithPoll(c.Poll))
	defer l.Close()
	fmt.Println("ready")
	_, _ = fmt.Scanln() // until all are
	out, err := json.Marshal(c.contend(t, l))
	require.NoError(t, err)
	fmt.Printf("SHARE %s\n", out)
	return true
}

// contend lets the callers of one process take the name again and again.
func (c crowd) contend(t *testing.T, l *lock.Locker) share {
	t.Helper()
	end := time.Now().Add(c.For)
	ctx, cancel := context.WithDeadline(t.Context(), end)
	defer cancel()
	s := share{Takes: make([]float64, c.Callers)}
	var longest atomic.Int64
	var all sync.WaitGroup
	for i := range s.Takes {
		all.Go(func() {
			for {
				began := time.Now()
				lease, err := l.Acquire(ctx, "crowd", lock.WithWait(-1))
				for waited := int64(time.Since(began)); waited > longest.Load(); {
					longest.Store(waited)
				}
				if err != nil {
					if time.Until(end) > 10*time.Millisecond { // sockets have their own clock
						t.Error(err)
					}
					return
				}
				if c.Hold > 0 {
					time.Sleep(c.Hold)
				}
				s.Takes[i]++
				if err := lease.Release(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s.Longest = time.Duration(longest.Load())
	return s
}

// run starts the processes for the test of this name, and returns the shares of
// all callers and the longest wait.
func (c crowd) run(tb testing.TB, test string) (shares []float64, longest time.Duration) {
	tb.Helper()
	raw, err := json.Marshal(c)
	require.NoError(tb, err)
	type child struct {
		cmd *exec.Cmd
		in  io.Writer
		out *bufio.Scanner
	}
	var children []child
	for range c.Processes {
		cmd := exec.CommandContext(tb.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
		cmd.Env = append(os.Environ(), crowdEnv+"="+string(raw))
		in, err := cmd.StdinPipe()
		require.NoError(tb, err)
		out, err := cmd.StdoutPipe()
		require.NoError(tb, err)
		require.NoError(tb, cmd.Start())
		one := child{cmd, in, bufio.NewScanner(out)}
		for one.out.Scan() && one.out.Text() != "ready" {
		}
		children = append(children, one)
	}
	for _, one := range children {
		_, err := fmt.Fprintln(one.in)
		require.NoError(tb, err)
	}
	for _, one := range children {
		var s share
		for one.out.Scan() {
			if text, ok := bytes.CutPrefix(one.out.Bytes(), []byte("SHARE ")); ok {
				require.NoError(tb, json.Unmarshal(text, &s))
			}
		}
		require.NoError(tb, one.cmd.Wait())
		require.Len(tb, s.Takes, c.Callers)
		shares, longest = append(shares, s.Takes...), max(longest, s.Longest)
	}
	return shares, longest
}

func sum(numbers []float64) (n float64) {
	for _, x := range numbers {
		n += x
	}
	return n
}

func TestFairness_InsideAProcess(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	l := lock.New(redislocker.New(connect(t, servers.Redis(t).Addr())))
	defer l.Close()
	s := crowd{Callers: 64, Hold: time.Millisecond, For: 2 * time.Second}.contend(t, l)
	t.Logf("Jain %.4f", history.Jain(s.Takes))
	require.GreaterOrEqual(t, history.Jain(s.Takes), 0.95)
	require.NotContains(t, s.Takes, 0.0, "each caller gets the name")
}

func TestFairness_BetweenProcesses(t *testing.T) {
	if takePart(t) {
		return
	}
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	c := crowd{Addr: servers.Redis(t).Addr(), Processes: 8, Callers: 8, Poll: 5 * time.Millisecond, Hold: time.Millisecond, For: 4 * time.Second}
	shares, longest := c.run(t, t.Name())
	t.Logf("Jain %.4f of %v, longest wait %v", history.Jain(shares), shares, longest)
	require.GreaterOrEqual(t, history.Jain(shares), 0.9)
	require.NotContains(t, shares, 0.0, "each caller gets the name")
}

// BenchmarkFairness lets 64 callers in 8 processes contend, and the same number in
// one, which has the name without a break: the rate that no fairness limits. Each
// runs once.
func BenchmarkFairness(b *testing.B) {
	for name, hold := range map[string]time.Duration{"hold 10ms": 10 * time.Millisecond, "no hold": 0} {
		b.Run(name, func(b *testing.B) {
			c := crowd{Addr: servers.Redis(b).Addr(), Processes: 8, Callers: 8, Poll: 50 * time.Millisecond, Hold: hold, For: 25 * time.Second}
			if testing.Short() || b.N > 1 {
				c.For = 3 * time.Second
			}
			shares, longest := c.run(b, "TestFairness_BetweenProcesses")
			alone := c
			alone.Processes, alone.Callers, alone.For = 1, c.Processes*c.Callers, c.For/5
			unfair, _ := alone.run(b, "TestFairness_BetweenProcesses")
			rate := sum(shares) / c.For.Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(history.Jain(shares), "Jain")
			b.ReportMetric(float64(longest)/float64(c.Poll), "longest-wait-in-polls")
			b.ReportMetric(rate, "takes-per-second")
			b.ReportMetric(rate/(sum(unfair)/alone.For.Seconds()), "share-of-one-process")
		})
	}
}
