package csshttp_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

// manyProjects is a store and a database with so many projects.
func manyProjects(t *testing.T, n int) (store *cssstoretest.Fake, list projectList, paths []string) {
	t.Helper()
	store = cssstoretest.NewFake()
	for i := range n {
		p := cssstore.Project{UUID: cssstore.UUID{3, byte(i >> 8), byte(i)}, Hash: hashA}
		require.NoError(t, store.Put(t.Context(), cssstore.Resource{Project: p.UUID, Hash: hashA, CSS: fmt.Append(nil, i)}))
		list = append(list, p)
		paths = append(paths, "/resources/"+p.UUID.String()+"/"+hashA.String()+".css")
	}
	return store, list, paths
}

// In virtual time: what a request costs is how long it waits.
func TestStore_ThatIsDownDelaysNotEachProject(t *testing.T) {
	const dialling = 2 * time.Second // with its retries
	for name, c := range map[string]struct {
		delay time.Duration
		err   error
	}{
		"refused": {dialling, errors.New("connection refused")},
		"hangs":   {time.Hour, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, list, paths := manyProjects(t, 100)
				h := csshttp.New(store, list)
				defer h.Close()
				for _, p := range paths {
					require.Equal(t, 200, do(h, "GET "+p, nil).StatusCode)
				}
				store.Delay(c.delay)
				store.Fail(c.err)
				for range 3 { // rounds, each later than the recheck time
					time.Sleep(2 * csshttp.DefaultRecheck)
					began, gets := time.Now(), store.Calls("get")
					for i, p := range paths {
						res := do(h, "GET "+p, nil)
						require.Equal(t, 200, res.StatusCode)
						require.Equal(t, fmt.Sprint(i), bodyOf(t, res))
					}
					require.LessOrEqual(t, time.Since(began), 5*time.Second, "of all %d", len(paths))
					require.LessOrEqual(t, store.Calls("get")-gets, 50, "a store that is down is not flooded")
				}
				store.Delay(0)
				store.Fail(nil)
				time.Sleep(11 * time.Second)
				for range 2 { // the first round finds out
					for _, p := range paths {
						do(h, "GET "+p, nil)
						synctest.Wait()
					}
				}
				for _, p := range paths {
					require.Equal(t, "max-age=31536000, public", do(h, "GET "+p, nil).Header.Get("Cache-Control"), "it has come back")
				}
			})
		})
	}
}

func TestStore_ThatIsDownFromTheStartDelaysFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, list, paths := manyProjects(t, 100)
		store.Delay(2 * time.Second)
		store.Fail(errors.New("connection refused"))
		h := csshttp.New(store, list)
		defer h.Close()
		began := time.Now()
		var all sync.WaitGroup
		for worker := range 16 {
			all.Go(func() {
				for i := worker; i < len(paths); i += 16 {
					require.Equal(t, csshttp.DefaultBaseCSS, do(h, "GET "+paths[i], nil).Header.Get("Location"))
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, time.Since(began), 10*time.Second)
		store.Delay(0)
		store.Fail(nil)
		time.Sleep(time.Second)
		for _, p := range paths {
			require.Equal(t, 200, do(h, "GET "+p, nil).StatusCode, "nothing else is known of it")
		}
	})
}

func TestStore_OneProjectThatCannotBeReadIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, list, paths := manyProjects(t, 20)
		h := csshttp.New(&poisoned{store, list[0].UUID}, list)
		defer h.Close()
		for range 20 {
			require.Equal(t, csshttp.DefaultBaseCSS, do(h, "GET "+paths[0], nil).Header.Get("Location"))
			time.Sleep(time.Second)
		}
		for _, p := range paths[1:] {
			require.Equal(t, 200, do(h, "GET "+p, nil).StatusCode)
		}
	})
}

// poisoned has one project that cannot be read.
type poisoned struct {
	*cssstoretest.Fake
	project cssstore.UUID
}

func (s *poisoned) Get(ctx context.Context, p cssstore.UUID) (cssstore.Resource, error) {
	if p == s.project {
		return cssstore.Resource{}, errors.New("input/output error")
	}
	return s.Fake.Get(ctx, p)
}
