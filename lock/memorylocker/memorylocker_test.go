package memorylocker_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func TestConformance(t *testing.T) {
	locktest.Conformance(t, func(*testing.T) lock.Backend { return memorylocker.New() })
}

// Slots are never released, and nobody asks for yesterday's.
func TestBackend_ForgetsWhatHasExpired(t *testing.T) {
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	synctest.Test(t, func(t *testing.T) {
		l := lock.New(memorylocker.New())
		defer l.Close()
		before := memory()
		for i := range 20_000 {
			require.NoError(t, l.Once(t.Context(), lock.Slot{Name: "report", Key: fmt.Sprint(i)}, time.Hour))
			time.Sleep(time.Minute)
		}
		require.Less(t, memory(), before+4<<20, "60 slots are used at a time")
	})
}

func TestForget_LosesLeasesAndKeepsFencesRising(t *testing.T) {
	b := memorylocker.New()
	var last uint64
	for range 3 {
		fence, err := b.Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Hour)
		require.NoError(t, err)
		require.Greater(t, fence, last)
		last = fence
		b.Forget()
	}
}

// Several Lockers over one backend are the nodes of a cluster, in a test.
func Example() {
	server := memorylocker.New()
	one, other := lock.New(server), lock.New(server)
	defer one.Close()
	defer other.Close()

	err := one.Do(context.Background(), "report", func(ctx context.Context) error {
		_, err := other.Acquire(ctx, "report", lock.WithWait(10*time.Millisecond))
		fmt.Println(err != nil)
		return nil
	})
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}
