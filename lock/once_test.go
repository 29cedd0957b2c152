package lock_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
)

func TestOnce_UsesASlotUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 2)
		began := time.Now()
		require.NoError(t, l[0].Once(t.Context(), lock.Slot{Name: "report", Key: "2026-03-01"}, 48*time.Hour, lock.WithLabel("daily")))
		require.ErrorIs(t, l[0].Once(t.Context(), lock.Slot{Name: "report", Key: "2026-03-01"}, 48*time.Hour), lock.ErrHeld, "the same node, too")
		l[0].Close() // a node that goes does not free it
		time.Sleep(47 * time.Hour)
		err := l[1].Once(t.Context(), lock.Slot{Name: "report", Key: "2026-03-01"}, 48*time.Hour, lock.WithWait(time.Hour))
		require.ErrorIs(t, err, lock.ErrHeld)
		var used *lock.HeldError
		require.ErrorAs(t, err, &used, "a slot that is used is not waited for")
		require.Equal(t, "report", used.Name)
		require.Equal(t, "2026-03-01", used.Slot)
		require.Equal(t, "daily", used.Owner.Label)
		require.Equal(t, time.Hour, used.ExpiresIn)
		require.Contains(t, err.Error(), `slot "2026-03-01" of "report" is used by `)
		require.Equal(t, 47*time.Hour, time.Since(began))
		require.NoError(t, l[1].Once(t.Context(), lock.Slot{Name: "report", Key: "2026-03-02"}, 48*time.Hour))
		h, err := l[1].Holder(t.Context(), "mosparo/once/report@2026-03-02")
		require.NoError(t, err)
		require.Equal(t, 48*time.Hour, h.TTL)
		time.Sleep(time.Hour)
		require.NoError(t, l[1].Once(t.Context(), lock.Slot{Name: "report", Key: "2026-03-01"}, 48*time.Hour), "the retention is over")
		require.NoError(t, b.Break(t.Context(), "mosparo/once/report@2026-03-01"))
		require.NoError(t, l[1].Once(t.Context(), lock.Slot{Name: "report", Key: "2026-03-01"}, 48*time.Hour), "an operator made it free")
	})
}

func TestOnce_GivesBackASlotThatItMayHaveGotInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 2)
		f[0].LoseReply(locktest.OpAcquire)
		require.ErrorIs(t, l[0].Once(t.Context(), lock.Slot{Name: "report", Key: "1"}, time.Hour), lock.ErrUnavailable)
		synctest.Wait()
		require.NoError(t, l[1].Once(t.Context(), lock.Slot{Name: "report", Key: "1"}, time.Hour))

		f[0].Partition(true)
		time.AfterFunc(10*time.Second, func() { f[0].Partition(false) })
		require.NoError(t, l[0].Once(t.Context(), lock.Slot{Name: "report", Key: "2"}, time.Hour, lock.WithWait(time.Minute)), "an outage is waited for")
		f[0].Partition(true)
		require.ErrorIs(t, l[0].Once(t.Context(), lock.Slot{Name: "report", Key: "3"}, time.Hour, lock.WithWait(time.Minute)), lock.ErrUnavailable)
		f[0].Partition(false)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("no more"))
		require.ErrorContains(t, l[0].Once(ctx, lock.Slot{Name: "report", Key: "4"}, time.Hour), "no more")
		l[0].Close()
		require.ErrorIs(t, l[0].Once(t.Context(), lock.Slot{Name: "report", Key: "4"}, time.Hour), lock.ErrClosed)
	})
}

func TestOnce_NoTwoSlotsShareAName(t *testing.T) {
	_, l, _ := nodes(t, 1)
	for _, s := range []lock.Slot{{"a", "b@c"}, {"a@b", "c"}, {"a", "b%40c"}, {"a@b%", "c"}, {"a", "%"}, {"a", "%25"}} {
		require.NoError(t, l[0].Once(t.Context(), s, time.Hour), "%q", s)
	}
	long := strings.Repeat("x", 150)
	for _, wrong := range []lock.Slot{{"", "s"}, {"n", ""}, {long, long}} {
		var option *lock.ArgumentError
		require.ErrorAs(t, l[0].Once(t.Context(), wrong, time.Hour), &option, "%q", wrong)
	}
	var option *lock.ArgumentError
	require.ErrorAs(t, l[0].Once(t.Context(), lock.Slot{Name: "n", Key: "s"}, 0), &option)
	require.Equal(t, "retention", option.Arg)
	for want, o := range map[string]lock.AcquireOption{
		"TTL": lock.WithTTL(time.Minute), "minimum hold": lock.WithMinHold(time.Minute), "maximum hold": lock.WithMaxHold(time.Minute),
	} {
		require.ErrorAs(t, l[0].Once(t.Context(), lock.Slot{Name: "n", Key: "s"}, time.Hour, o), &option, want)
		require.Equal(t, want, option.Arg)
	}
}

// A lease draws a fence each time, a slot none: on one name fences would fall.
func TestOnce_SharesNoNameWithALease(t *testing.T) {
	_, l, _ := nodes(t, 1)
	require.NoError(t, l[0].Once(t.Context(), lock.Slot{Name: "job", Key: "1"}, time.Hour))
	lease, err := l[0].Acquire(t.Context(), "job@1")
	require.NoError(t, err)
	require.NoError(t, lease.Release(t.Context()))
}

// A slot that was granted without our hearing of it is not another node's.
func TestOnce_IsNotRefusedBecauseOfItsOwnLostReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		f[0].LoseReply(locktest.OpAcquire)
		f[0].Stray(locktest.OpRelease, time.Minute) // the way to the server stays bad for a while
		require.NoError(t, l[0].Once(t.Context(), lock.Slot{Name: "report", Key: "1"}, time.Hour, lock.WithWait(time.Minute)))
		time.Sleep(10 * time.Minute)
		_, err := b.Holder(t.Context(), "mosparo/once/report@1")
		require.NoError(t, err, "it stays used")
	})
}
