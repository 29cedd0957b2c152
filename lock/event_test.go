package lock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// unauthorized is a backend whose server refuses the credentials.
type unauthorized struct{ lock.Backend }

func (unauthorized) Acquire(context.Context, string, lock.Claim, time.Duration) (uint64, error) {
	return 0, errors.Join(lock.ErrUnavailable, lock.ErrUnauthorized)
}

// Results are labels of metrics: a word for each error, and no text of a server.
func TestObserver_HearsResultsThatAreWords(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	left, leave := context.WithCancelCause(t.Context())
	leave(errors.New("no more"))
	for _, c := range []struct {
		want string
		ctx  context.Context
		name string
		set  func(*locktest.Faulty) lock.Backend // what it asks; nil: the Faulty
	}{
		{want: "ok", name: "free"},
		{want: "held", name: "held"},
		{want: "unavailable", name: "n", set: func(f *locktest.Faulty) lock.Backend { f.LoseReply(locktest.OpAcquire); return f }},
		{want: "unauthorized", name: "n", set: func(f *locktest.Faulty) lock.Backend { return unauthorized{f} }},
		{want: "invalid", name: "n", set: func(f *locktest.Faulty) lock.Backend { return refusing{f} }},
		{want: "canceled", name: "n", ctx: ended},
		{want: "canceled", name: "n", ctx: left},
		{want: "deadline", name: "n", ctx: late},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := locktest.NewFaulty(memorylocker.New())
			other := lock.New(f)
			defer other.Close()
			_, err := other.Acquire(t.Context(), "held")
			require.NoError(t, err)
			var b lock.Backend = f
			if c.set != nil {
				b = c.set(f)
			}
			ctx := t.Context()
			if c.ctx != nil {
				ctx = c.ctx
			}
			var heard []lock.Event
			l := lock.New(b, lock.WithObserver(func(_ context.Context, e lock.Event) {
				if e.Op == "acquire" {
					heard = append(heard, e)
				}
			}))
			defer l.Close()
			_, err = l.Acquire(ctx, c.name)
			require.Len(t, heard, 1)
			require.Equal(t, c.want, heard[0].Result)
			require.Equal(t, c.want == "ok", err == nil)
			if err != nil {
				require.ErrorIs(t, err, heard[0].Err)
			}
		})
	}
}

type requestID struct{}

// A trace finds the request that a lease belongs to, also in a renewal.
func TestObserver_GetsTheValuesOfTheCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ops []string
		_, l, _ := nodes(t, 1, lock.WithObserver(func(ctx context.Context, e lock.Event) {
			require.Equal(t, 7, ctx.Value(requestID{}), e.Op)
			ops = append(ops, e.Op)
		}))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), requestID{}, 7))
		lease, err := l[0].Acquire(ctx, "n", lock.WithMaxHold(time.Minute))
		require.NoError(t, err)
		cancel() // it does not end the lease
		time.Sleep(2 * time.Minute)
		require.ErrorIs(t, lease.Err(), lock.ErrMaxHold)
		require.Subset(t, ops, []string{"acquire", "renew", "end"})
	})
}
