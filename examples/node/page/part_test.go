package page

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPart_IsReadOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		p := part[int]{keep: time.Second, share: 20, read: func(context.Context) (int, error) {
			reads++
			time.Sleep(100 * time.Millisecond)
			return reads, nil
		}}
		results := make(chan int, 50)
		for range cap(results) {
			go func() {
				v, err := p.get(t.Context())
				if err == nil {
					results <- v
				}
			}()
		}
		for range cap(results) {
			require.Equal(t, 1, <-results)
		}
		time.Sleep(1900 * time.Millisecond) // twenty times as long as it took
		v, err := p.get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, v)
		time.Sleep(100 * time.Millisecond)
		v, err = p.get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, v)
		p.forget()
		v, err = p.get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, v)
	})
}

// A file on a dead NFS server ignores every deadline.
func TestPart_DoesNotWaitForWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int32
		goOn := make(chan struct{})
		p := part[int]{read: func(context.Context) (int, error) {
			reads.Add(1)
			<-goOn
			return 7, nil
		}}
		start := time.Now()
		_, err := p.get(t.Context())
		require.ErrorIs(t, err, errNoAnswer)
		require.Equal(t, waitTimeout, time.Since(start))
		_, err = p.get(t.Context())
		require.ErrorIs(t, err, errNoAnswer)
		require.Equal(t, waitTimeout, time.Since(start), "the second one does not wait again")
		require.EqualValues(t, 1, reads.Load(), "calls that hang do not pile up")
		close(goOn)
		synctest.Wait()
		v, err := p.get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, v)
	})
}

func TestPart_SurvivesAPanicAndAReaderWhoGoes(t *testing.T) {
	p := part[int]{read: func(ctx context.Context) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		panic("broken")
	}}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.get(gone)
	require.ErrorContains(t, err, "broken")
	require.NotErrorIs(t, err, context.Canceled)
}

func TestProbe_KeepsAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := slogDiscard()
		fails := false
		p := newProbe("x", func(context.Context) error {
			time.Sleep(2 * time.Millisecond)
			if fails {
				return errors.New("down")
			}
			return nil
		}, log)
		for i := range 200 {
			fails = i >= 195
			p.measure(t.Context())
			time.Sleep(sampleEvery)
		}
		samples, since := p.recent()
		require.Len(t, samples, samplesKept)
		require.Equal(t, 2*time.Millisecond, samples[0].latency)
		require.WithinDuration(t, time.Now().Add(-5*sampleEvery), since, time.Second)
		c := newLatencyChart(samples, time.Now())
		require.Equal(t, "Over the last 15 min: median 2.0 ms, slowest 2.0 ms, 5 failures.", c.Summary)
		require.Len(t, c.Failures, 5)
	})
}
