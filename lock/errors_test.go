package lock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// refusing is a backend that will never do what it is asked.
type refusing struct{ lock.Backend }

func (refusing) Acquire(context.Context, string, lock.Claim, time.Duration) (uint64, error) {
	return 0, &lock.ArgumentError{Arg: "TTL", Reason: "is none"}
}

func (refusing) Holder(context.Context, string) (lock.Holder, error) {
	return lock.Holder{}, &lock.ArgumentError{Arg: "name", Reason: "is none"}
}

// What is printed says everything once.
func TestErrors_SayThingsOnce(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	held := fmt.Sprintf(`"n" is held by %s (pid %d)`, host, os.Getpid())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	gone := errors.New("no more")
	for want, meet := range map[string]func(l *lock.Locker, f *locktest.Faulty) error{
		"lock: " + held: func(l *lock.Locker, _ *locktest.Faulty) error {
			_, err := l.Acquire(t.Context(), "n", lock.WithWait(time.Minute))
			return err
		},
		`lock: slot "1" of "n" is used by ` + fmt.Sprintf("%s (pid %d)", host, os.Getpid()): func(l *lock.Locker, _ *locktest.Faulty) error {
			require.NoError(t, l.Once(t.Context(), lock.Slot{Name: "n", Key: "1"}, time.Hour))
			return l.Once(t.Context(), lock.Slot{Name: "n", Key: "1"}, time.Hour)
		},
		`lock: acquire "n": no more: ` + held: func(l *lock.Locker, _ *locktest.Faulty) error {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(gone) })
			_, err := l.Acquire(ctx, "n", lock.WithWait(-1))
			require.ErrorIs(t, err, gone)
			require.ErrorIs(t, err, lock.ErrHeld)
			return err
		},
		`lock: acquire "m": context canceled`: func(l *lock.Locker, _ *locktest.Faulty) error {
			_, err := l.Acquire(ended, "m")
			return err
		},
		`lock: acquire "m": lock server unavailable: reply lost`: func(l *lock.Locker, f *locktest.Faulty) error {
			f.LoseReply(locktest.OpAcquire)
			_, err := l.Acquire(t.Context(), "m")
			return err
		},
		"lock: TTL of 1µs is shorter than the 1ms that this backend can keep": func(l *lock.Locker, _ *locktest.Faulty) error {
			_, err := l.Acquire(t.Context(), "m", lock.WithTTL(time.Microsecond))
			return err
		},
		"lock: TTL is none": func(l *lock.Locker, f *locktest.Faulty) error {
			other := lock.New(refusing{f})
			defer other.Close()
			return other.Do(t.Context(), "m", nil)
		},
		"lock: name is none": func(l *lock.Locker, f *locktest.Faulty) error {
			_, err := lock.New(refusing{f}).Holder(t.Context(), "m")
			require.NotErrorIs(t, err, lock.ErrUnavailable)
			return err
		},
		`lock: holder of "m": lock is not held`: func(l *lock.Locker, _ *locktest.Faulty) error {
			_, err := l.Holder(t.Context(), "m")
			return err
		},
		`lock: break "m": lock is not held`: func(l *lock.Locker, _ *locktest.Faulty) error {
			return l.Break(t.Context(), "m")
		},
		`lock: "m": lock lost`: func(l *lock.Locker, f *locktest.Faulty) error {
			return l.Do(t.Context(), "m", func(ctx context.Context) error {
				require.NoError(t, f.Expire(ctx, "m"))
				lease, _ := lock.FromContext(ctx)
				require.EqualError(t, lease.Renew(ctx), `lock: renew "m": lock lost`)
				return nil
			})
		},
		`lock: acquire "m": locker is closed`: func(l *lock.Locker, _ *locktest.Faulty) error {
			l.Close()
			_, err := l.Acquire(t.Context(), "m")
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := locktest.NewFaulty(memorylocker.New())
			l := lock.New(f)
			defer l.Close()
			_, err := l.Acquire(t.Context(), "n")
			require.NoError(t, err)
			require.EqualError(t, meet(l, f), want)
		})
	}
}

// The record of a lock may hold anything.
func TestHeldError_ShowsNothingThatATerminalWouldObey(t *testing.T) {
	for host, want := range map[string]string{
		"node-1.example":          `"n" is held by node-1.example (pid 7)`,
		"":                        `"n" is held`,
		"two words, ünknown":      `"n" is held by two words, ünknown (pid 7)`,
		"\x1b[2Jgone\n":           `"n" is held by "\x1b[2Jgone\n" (pid 7)`,
		"\xff":                    `"n" is held by "\xff" (pid 7)`,
		strings.Repeat("x", 1000): `"n" is held by ` + strings.Repeat("x", 253) + " (pid 7)",
	} {
		require.EqualError(t, &lock.HeldError{Name: "n", Owner: lock.Owner{Host: host, PID: 7}}, want)
	}
}
