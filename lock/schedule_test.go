package lock

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// rings notes when an alarm is called.
type rings struct {
	began time.Time
	at    chan time.Duration
}

func (r *rings) due() { r.at <- time.Since(r.began) }

func TestSchedule_CallsWhatIsDueAndNotWhatWasDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s schedule
		r := &rings{time.Now(), make(chan time.Duration, 10)}
		alarms := make([]alarm, 5)
		for i := range alarms {
			alarms[i].call = r
			s.set(&alarms[i], r.began.Add(time.Duration(5-i)*time.Second)) // 5, 4, 3, 2, 1
		}
		require.True(t, s.drop(&alarms[4]))
		require.False(t, s.drop(&alarms[4]), "it is not in any more")
		s.set(&alarms[0], r.began.Add(2500*time.Millisecond)) // moved ahead
		s.set(&alarms[3], r.began.Add(10*time.Second))        // and back
		var got []time.Duration
		for range 4 {
			got = append(got, <-r.at)
		}
		time.Sleep(time.Minute)
		require.Empty(t, r.at)
		require.Equal(t, []time.Duration{2500 * time.Millisecond, 3 * time.Second, 4 * time.Second, 10 * time.Second}, got)
		require.False(t, s.drop(&alarms[0]), "it was called")
	})
}

// Leases that end before they are renewed leave the timer as it is.
func TestSchedule_TheTimerStaysSetWhenAnAlarmIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s schedule
		r := &rings{time.Now(), make(chan time.Duration, 1)}
		a := alarm{call: r}
		s.set(&a, r.began.Add(time.Second))
		timer := func() (*time.Timer, time.Time) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.timer, s.next
		}
		first, next := timer()
		for range 100 {
			require.True(t, s.drop(&a))
			time.Sleep(time.Millisecond)
			s.set(&a, time.Now().Add(time.Second))
			now, at := timer()
			require.Same(t, first, now)
			require.Equal(t, next, at, "it fires for the first one, and then is set anew")
		}
		require.Equal(t, 1100*time.Millisecond, <-r.at)
	})
}

func TestDeadlineContext_HasTheValuesOfItsParentAndAnEndOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		cancel()
		var s schedule
		var late, done deadlineContext
		late.start(parent, &s, time.Now().Add(time.Second))
		done.start(parent, &s, time.Now().Add(time.Second))
		require.NoError(t, late.Err())
		require.NoError(t, context.Cause(&late), "not that of the parent")
		require.Equal(t, "value", late.Value(key{}))
		child, stop := context.WithCancel(&done)
		defer stop()
		done.cancel()
		<-child.Done()
		require.ErrorIs(t, done.Err(), context.Canceled)
		<-late.Done()
		require.ErrorIs(t, late.Err(), context.DeadlineExceeded)
		late.cancel() // too late, and harmless
		require.ErrorIs(t, late.Err(), context.DeadlineExceeded)
	})
}
