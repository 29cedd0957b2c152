package chaos_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/chaos"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// broken now and then takes a name whoever has it, or draws no new fence.
type broken struct {
	*redislocker.Backend
	greedy, stale bool
}

func (b broken) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	if b.greedy && rand.N(10) == 0 {
		_ = b.Break(ctx, name) // whether or not somebody had it
	}
	fence, err := b.Backend.Acquire(ctx, name, c, ttl)
	if err == nil && b.stale {
		fence = 7
	}
	return fence, err
}

// The child is this test binary, in which the test of the broken backend runs.
func TestChaos_FindsABrokenBackend(t *testing.T) {
	if kind := os.Getenv("LOCKTEST_BROKEN"); kind != "" {
		chaos.Scenario{
			Start: redisAlone,
			Open: func(addr string) (lock.Backend, error) {
				return broken{redislocker.New(redisClient(addr)), kind == "greedy", kind == "stale"}, nil
			},
			Exclusive: true, Fencing: true, Calm: true, Acquisitions: 300,
		}.Run(t)
		return
	}
	servers.Redis(t).Kill() // skips where there is none
	for kind, finds := range map[string]string{
		"greedy": "before the end of process",
		"stale":  "fence 7 of process",
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChaos_FindsABrokenBackend$")
		cmd.Env = append(os.Environ(), "LOCKTEST_BROKEN="+kind)
		out, err := cmd.CombinedOutput()
		require.Error(t, err, kind)
		require.Contains(t, string(out), finds)
	}
}
