package cleanup

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLazyDeadline_EndsAsAContextWithTimeoutDoes(t *testing.T) {
	errStop := errors.New("stop")
	for name, c := range map[string]struct {
		parent time.Duration // the timeout of the parent, 0 for none
		end    func(cancel context.CancelCauseFunc, end context.CancelFunc)
		want   error // of Err
		cause  error
	}{
		"by its timeout":          {want: context.DeadlineExceeded, cause: context.DeadlineExceeded},
		"by that of the parent":   {parent: time.Second, want: context.DeadlineExceeded, cause: context.DeadlineExceeded},
		"with the parent":         {end: func(cancel context.CancelCauseFunc, _ context.CancelFunc) { cancel(errStop) }, want: context.Canceled, cause: errStop},
		"when it is not needed":   {end: func(_ context.CancelCauseFunc, end context.CancelFunc) { end(); end() }, want: context.Canceled, cause: context.Canceled},
		"later than the parent's": {parent: time.Hour, want: context.DeadlineExceeded, cause: context.DeadlineExceeded},
	} {
		for _, timer := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), runIDKey{}, "a value"))
					defer cancel(nil)
					timeout := time.Minute
					if c.parent > 0 {
						var stop context.CancelFunc
						parent, stop = context.WithTimeout(parent, c.parent)
						defer stop()
						timeout = min(timeout, c.parent)
					}
					lazy, end := withLazyTimeout(parent, time.Minute)
					defer end()
					var child context.Context
					called := false
					if timer {
						var stop context.CancelFunc
						child, stop = context.WithCancel(lazy)
						defer stop()
						context.AfterFunc(lazy, func() { called = true })
					}
					at, ok := lazy.Deadline()
					require.True(t, ok)
					require.Equal(t, timeout, time.Until(at))
					require.NoError(t, lazy.Err())
					require.Equal(t, "a value", lazy.Value(runIDKey{}))
					if c.end != nil {
						c.end(cancel, end)
					} else {
						time.Sleep(timeout - time.Nanosecond)
						require.NoError(t, lazy.Err())
						time.Sleep(time.Nanosecond)
					}
					synctest.Wait()
					require.Equal(t, c.want, lazy.Err())
					require.Equal(t, c.cause, context.Cause(lazy))
					<-lazy.Done()
					if timer {
						require.Equal(t, c.want, child.Err())
						require.True(t, called)
					}
				})
			})
		}
	}
}
