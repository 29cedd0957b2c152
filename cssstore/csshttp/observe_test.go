package csshttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

// events is an observer.
type events struct {
	mu  sync.Mutex
	all []csshttp.Event
}

func (e *events) observe(_ context.Context, event csshttp.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// take returns the events since the last call.
func (e *events) take() []csshttp.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

func TestObserver_SeesEachRequestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen events
		store, db := cssstoretest.NewFake(), &database{list: []cssstore.Project{known, {UUID: cssstore.UUID{1}}}}
		require.NoError(t, store.Put(t.Context(), css(hashA, "a")))
		h := csshttp.New(store, db, csshttp.WithObserver(seen.observe))
		defer h.Close()
		want := func(request, op, result string, err error, headers map[string]string) csshttp.Event {
			t.Helper()
			do(h, "GET "+request, headers)
			all := seen.take()
			require.Len(t, all, 1)
			require.Equal(t, op+" "+result, all[0].Op+" "+all[0].Result, request)
			if err == nil {
				require.NoError(t, all[0].Err)
			} else {
				require.ErrorIs(t, all[0].Err, err)
			}
			return all[0]
		}
		ofProject := "/resources/" + project.String()
		require.Equal(t, project, want(path(hashA), "hash", "hit", nil, nil).Project)
		time.Sleep(time.Second)
		fromMemory := want(path(hashA), "hash", "hit", nil, nil)
		require.Equal(t, project, fromMemory.Project)
		require.Equal(t, time.Second, fromMemory.Age)
		etag := do(h, "GET "+path(hashA), nil).Header.Get("Etag")
		seen.take()
		want(path(hashA), "hash", "not_modified", nil, map[string]string{"If-None-Match": etag})
		want(path(hashA), "hash", "refused", nil, map[string]string{"If-Match": `"another"`})
		want(path(hashA), "hash", "refused", nil, map[string]string{"Range": "bytes=100-"})
		want(path(hashA), "hash", "hit", nil, map[string]string{"Range": "bytes=0-0"})
		require.Zero(t, want(path(hashB), "hash", "redirect", nil, nil).Age)
		want(ofProject+".css", "current", "redirect", nil, nil)
		want(ofProject+".css/", "current", "redirect", nil, nil)
		want(ofProject+"/url", "url", "hit", nil, nil)
		want("/resources/logo.svg", "logo", "hit", nil, nil)
		want("/resources/"+cssstore.UUID{1}.String()+".css", "current", "miss", nil, nil)
		require.Zero(t, want("/resources/"+cssstore.UUID{2}.String()+".css", "current", "not_found", nil, nil).Project)
		want("/elsewhere", "unknown", "not_found", nil, nil)

		store.Fail(cache.ErrUnavailable)
		time.Sleep(time.Minute)
		do(h, "GET "+path(hashA), nil) // finds out
		synctest.Wait()
		seen.take()
		require.GreaterOrEqual(t, want(path(hashA), "hash", "stale", cache.ErrUnavailable, nil).Age, time.Minute)
		want(path(hashA), "hash", "stale", cache.ErrUnavailable, map[string]string{"If-None-Match": etag})
	})
}

func TestObserver_SeesErrors(t *testing.T) {
	down := errors.New("down")
	for name, c := range map[string]struct {
		store, list error
		status      int
	}{
		"of the store":    {down, nil, http.StatusTemporaryRedirect},
		"of the database": {nil, down, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var seen events
			store := cssstoretest.NewFake()
			store.Fail(c.store)
			h := csshttp.New(store, &database{list: []cssstore.Project{known}, err: c.list}, csshttp.WithObserver(seen.observe))
			defer h.Close()
			require.Equal(t, c.status, do(h, "GET "+path(hashA), nil).StatusCode)
			all := seen.take()
			require.Len(t, all, 1)
			require.Equal(t, "error", all[0].Result)
			require.ErrorIs(t, all[0].Err, down)
		})
	}
}

func TestObserver_SeesAPanicThatGoesOnToTheServer(t *testing.T) {
	var seen events
	h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithObserver(seen.observe),
		csshttp.WithTrustedProxyFunc(func(netip.Addr) bool { panic("no such proxy") }))
	defer h.Close()
	require.PanicsWithValue(t, "no such proxy", func() { do(h, "GET /resources/"+project.String()+".css", nil) })
	all := seen.take()
	require.Len(t, all, 1)
	require.Equal(t, "current error", all[0].Op+" "+all[0].Result)
	require.ErrorContains(t, all[0].Err, "no such proxy")
}

// disagreement is an error of a generator that leaves things as they are.
type disagreement struct{}

func (disagreement) Error() string { return "the nodes disagree" }
func (disagreement) Refused() bool { return true }

// failingGenerator is a generator that fails.
type failingGenerator struct{ err error }

func (f failingGenerator) Generate(context.Context, cssstore.Project) (cssstore.Resource, error) {
	return cssstore.Resource{}, f.err
}

func (failingGenerator) Outdated(cssstore.Resource) bool { return false }

func TestObserver_SeesTheGenerator(t *testing.T) {
	store := cssstoretest.NewFake()
	for result, g := range map[string]csshttp.Generator{
		"generated": &maker{Resource: css(hashA, "made"), store: cssstoretest.NewFake()},
		"refused":   failingGenerator{fmt.Errorf("project: %w", disagreement{})},
		"error":     failingGenerator{errors.New("no settings")},
	} {
		t.Run(result, func(t *testing.T) {
			var seen events
			h := csshttp.New(store, projectList{known}, csshttp.WithGenerator(g), csshttp.WithObserver(seen.observe))
			do(h, "GET "+path(hashA), nil)
			require.NoError(t, h.Close())
			all := seen.take()
			require.Len(t, all, 2)
			require.Equal(t, csshttp.Event{Op: "generate", Project: project, Result: result, Duration: all[0].Duration, Err: all[0].Err}, all[0])
			require.Equal(t, result == "generated", all[0].Err == nil)
			require.Equal(t, "hash", all[1].Op)
		})
	}
}
