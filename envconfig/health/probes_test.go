package health_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/health"
)

// faces are the handlers of both listeners.
func faces(h *health.Handler) map[string]http.Handler {
	return map[string]http.Handler{"public": h, "admin": h.Admin()}
}

func TestLive_AsksNoServer(t *testing.T) {
	h := newHandler(settings(t, ""), health.WithReadiness(health.Check{Name: "css", Func: down}))
	h.Drain()
	for _, face := range faces(h) {
		res := ask(face, http.MethodGet, health.LivePath, local)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		require.JSONEq(t, `{"status":"live","checks":{}}`, body(t, res))
	}
}

func TestReady_SaysWhyNot(t *testing.T) {
	h := newHandler(settings(t, ""),
		health.WithReadiness(health.Check{Name: "css", Func: up}),
		health.WithReadiness(health.Check{Name: "warm_up", Func: func(context.Context) error { return errors.New("3 of 8 projects") }}))
	ready := newHandler(settings(t, ""), health.WithReadiness(health.Check{Name: "css", Func: up}))
	for name, face := range faces(h) {
		res := ask(face, http.MethodGet, health.ReadyPath, local)
		require.Equal(t, 503, res.StatusCode)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.JSONEq(t, `{"status":"not_ready","checks":{"css":{"ok":true},"warm_up":{"ok":false,"why":"3 of 8 projects"}}}`, body(t, res))

		res = ask(faces(ready)[name], http.MethodGet, health.ReadyPath, local)
		require.Equal(t, 200, res.StatusCode)
		require.JSONEq(t, `{"status":"ready","checks":{"css":{"ok":true}}}`, body(t, res))
	}
}

func TestReady_EndsWithDrain(t *testing.T) {
	h := newHandler(settings(t, ""))
	require.Equal(t, 200, ask(h, http.MethodGet, health.ReadyPath, local).StatusCode)
	h.Drain()
	for _, face := range faces(h) {
		res := ask(face, http.MethodGet, health.ReadyPath, local)
		require.Equal(t, 503, res.StatusCode)
		require.JSONEq(t, `{"status":"draining","checks":{}}`, body(t, res))
	}
}

func TestReady_AnswersWithin2SecondsWhateverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		log := &logged{}
		h := newHandler(settings(t, ""), health.WithLogger(log.logger()), health.WithReadiness(
			health.Check{Name: "deaf", Func: func(context.Context) error { started.Add(1); time.Sleep(time.Minute); return nil }},
			health.Check{Name: "hangs", Func: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		))
		for _, why := range []string{"no answer for 1.5s", "no answer for 3s"} {
			begun := time.Now()
			res := ask(h, http.MethodGet, health.ReadyPath, local)
			require.Less(t, time.Since(begun), 2*time.Second)
			require.JSONEq(t, `{"status":"not_ready","checks":{"deaf":{"ok":false,"why":"`+why+`"},"hangs":{"ok":false,"why":"no answer within 1s"}}}`, body(t, res))
		}
		require.EqualValues(t, 1, started.Load(), "one that hangs is not started twice")
		require.Len(t, log.lines(), 2, "each is logged once")
		time.Sleep(time.Minute)
		ask(h, http.MethodGet, health.ReadyPath, local)
		require.EqualValues(t, 2, started.Load(), "it is started again when it has returned")
		time.Sleep(time.Minute)
	})
}

func TestReady_RequestsAtTheSameTimeShareACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		h := newHandler(settings(t, ""), health.WithReadiness(health.Check{Name: "slow", Func: func(ctx context.Context) error {
			started.Add(1)
			select {
			case <-time.After(time.Second / 2):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}))
		gone, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { // the first, whose client does not wait
			r, err := http.NewRequestWithContext(gone, http.MethodGet, health.ReadyPath, nil)
			require.NoError(t, err)
			h.Admin().ServeHTTP(discard{}, r)
		})
		synctest.Wait()
		for range 8 {
			all.Go(func() { require.Equal(t, 200, ask(h, http.MethodGet, health.ReadyPath, local).StatusCode) })
		}
		synctest.Wait()
		leave()
		all.Wait()
		require.EqualValues(t, 1, started.Load())
	})
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestReady_OutlivesAChecksMistakes(t *testing.T) {
	log := &logged{}
	h := newHandler(settings(t, ""), health.WithLogger(log.logger()), health.WithReadiness(
		health.Check{Name: "panics", Func: func(context.Context) error { panic("user root denied") }},
		health.Check{Name: "exits", Func: func(context.Context) error { runtime.Goexit(); return nil }},
		health.Check{Name: "talks", Func: func(context.Context) error { return errors.New(strings.Repeat("ä", 1000)) }},
	))
	said := body(t, ask(h, http.MethodGet, health.ReadyPath, local))
	require.Contains(t, said, `"panics":{"ok":false,"why":"the check panicked; see the log of the node"}`)
	require.NotContains(t, said, "root", "a panic's text may name what clients must not know")
	logged := strings.Join(log.lines(), "\n")
	require.Contains(t, logged, "user root denied")
	require.Contains(t, logged, "probes_test.go", "the log has the stack")
	require.Contains(t, said, `"exits":{"ok":false`)
	require.Less(t, len(said), 1000)
}
