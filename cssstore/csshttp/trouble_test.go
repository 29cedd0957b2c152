package csshttp_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func TestFiles_WrongHashesLeaveNothingBehindWhileTheStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := cssstoretest.NewFake()
		store.Fail(errors.New("input/output error"))
		h := csshttp.New(store, projectList{known}, csshttp.WithMode(csshttp.ModeFiles))
		defer h.Close()
		for i := range 500 {
			do(h, "GET "+path(cssstore.Hash{1, byte(i >> 8), byte(i)}), nil)
			time.Sleep(10 * time.Millisecond)
		}
		require.LessOrEqual(t, h.Entries(), 1)
	})
}

// hanging is a database, a store or a generator that answers, hangs until its context
// ends, or hangs beyond that.
type hanging struct {
	*cssstoretest.Fake
	list projectList
	hang chan struct{}
	deaf bool
}

func (s *hanging) wait(ctx context.Context) error {
	if s.hang == nil {
		return nil
	}
	if s.deaf {
		ctx = context.Background()
	}
	select {
	case <-s.hang:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *hanging) Projects(ctx context.Context) ([]cssstore.Project, error) {
	return s.list, s.wait(ctx)
}

func (s *hanging) Get(ctx context.Context, p cssstore.UUID) (cssstore.Resource, error) {
	if err := s.wait(ctx); err != nil {
		return cssstore.Resource{}, err
	}
	return s.Fake.Get(ctx, p)
}

func TestDatabase_ThatHangsDoesNotDelayWhatIsInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, db := cssstoretest.NewFake(), &hanging{list: projectList{known}}
		require.NoError(t, store.Put(t.Context(), css(hashA, "x")))
		h := csshttp.New(store, db)
		defer h.Close()
		require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode)
		synctest.Wait()
		db.hang = make(chan struct{})
		for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(100*time.Millisecond + 1) {
			asked := time.Now()
			require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode)
			require.Zero(t, time.Since(asked))
		}
	})
}

// A request for a project that the list does not name waits for the next list:
// the project may be new.
func TestDatabase_ThatHangsDelaysAnUnknownProjectForTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &hanging{list: projectList{known}}
		h := csshttp.New(cssstoretest.NewFake(), db)
		defer h.Close()
		unknown := "GET /resources/" + cssstore.UUID{1}.String() + ".css"
		require.Equal(t, 404, do(h, unknown, nil).StatusCode)
		db.hang = make(chan struct{})
		time.Sleep(time.Minute)
		asked := time.Now()
		require.Equal(t, 404, do(h, unknown, nil).StatusCode)
		require.Equal(t, 2*time.Second, time.Since(asked))
	})
}

func TestStore_ThatHangsForEverIsNotWaitedForByEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hanging{Fake: cssstoretest.NewFake(), deaf: true} // as a file on a dead NFS server does
		require.NoError(t, store.Put(t.Context(), css(hashA, "x")))
		h := csshttp.New(store, projectList{known})
		defer h.Close()
		require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode)
		store.hang = make(chan struct{})
		defer close(store.hang)
		time.Sleep(time.Minute)
		do(h, "GET "+path(hashA), nil) // has to wait: it is an old version
		for range 10 {
			asked := time.Now()
			require.Equal(t, "x", bodyOf(t, do(h, "GET "+path(hashA), nil)))
			require.Zero(t, time.Since(asked))
			time.Sleep(time.Second)
		}
	})
}

func TestClose_DoesNotWaitForEverForAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hanging{Fake: cssstoretest.NewFake(), deaf: true, hang: make(chan struct{})}
		h := csshttp.New(store, projectList{known})
		do(h, "GET "+path(hashA), nil)
		begin := time.Now()
		require.ErrorIs(t, h.Close(), csshttp.ErrBusy)
		require.Equal(t, 5*time.Second, time.Since(begin))
		close(store.hang)
		require.NoError(t, h.Close())
	})
}

// locked is a folder that may not be read yet.
type locked struct {
	fs.FS
	open bool
}

func (l *locked) Open(name string) (fs.File, error) {
	if !l.open {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return l.FS.Open(name)
}

func TestLogo_ThatCannotBeReadIsNotAnEmptyOneForAYear(t *testing.T) {
	public := &locked{FS: fstest.MapFS{"build/images/mosparo_text_logo.svg": {Data: []byte("<svg/>")}}}
	h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithPublic(public))
	defer h.Close()
	require.Equal(t, 503, do(h, "GET /resources/logo.svg", nil).StatusCode)
	public.open = true
	require.Equal(t, "<svg/>", bodyOf(t, do(h, "GET /resources/logo.svg", nil)))
}

func TestLogo_OfANodeWithoutMosparosFilesIsNotKeptForAYear(t *testing.T) {
	h := csshttp.New(cssstoretest.NewFake(), projectList{known})
	defer h.Close()
	res := do(h, "GET /resources/logo.svg", nil)
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "max-age=60, public", res.Header.Get("Cache-Control"))
}

// panicking panics until it is told not to.
type panicking struct{ *hanging }

func (panicking) Projects(context.Context) ([]cssstore.Project, error) { panic("projects") }

func (panicking) Get(context.Context, cssstore.UUID) (cssstore.Resource, error) { panic("get") }

func (panicking) Generate(context.Context, cssstore.Project) (cssstore.Resource, error) {
	panic("generate")
}

func (panicking) Outdated(cssstore.Resource) bool { return false }

func TestPanics_OfWhatIsAskedEndNoServer(t *testing.T) {
	good := &hanging{Fake: cssstoretest.NewFake(), list: projectList{known}}
	for name, c := range map[string]struct {
		store  cssstore.Store
		list   csshttp.Projects
		status int
	}{
		"projects":  {good, panicking{}, http.StatusServiceUnavailable},
		"store":     {panicking{good}, good, http.StatusTemporaryRedirect},
		"generator": {good, good, http.StatusTemporaryRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			h := csshttp.New(c.store, c.list, csshttp.WithGenerator(panicking{}))
			require.Equal(t, c.status, do(h, "GET "+path(hashA), nil).StatusCode)
			require.NoError(t, h.Close())
		})
	}
}

// outdating panics in Outdated.
type outdating struct{ panicking }

func (outdating) Outdated(cssstore.Resource) bool { panic("outdated") }

// broken is a folder that panics.
type broken struct{}

func (broken) Open(string) (fs.File, error) { panic("open") }

func TestPanics_OfGeneratorAndFolderEndNoServer(t *testing.T) {
	store := cssstoretest.NewFake()
	require.NoError(t, store.Put(t.Context(), css(hashA, "x")))
	h := csshttp.New(store, projectList{known}, csshttp.WithGenerator(outdating{}), csshttp.WithPublic(broken{}))
	require.Equal(t, "x", bodyOf(t, do(h, "GET "+path(hashA), nil)))
	require.Equal(t, http.StatusServiceUnavailable, do(h, "GET /resources/logo.svg", nil).StatusCode)
	require.NoError(t, h.Close())
}

func TestStore_ThatHangsForEverHoldsFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counted{hanging: hanging{Fake: cssstoretest.NewFake(), deaf: true, hang: make(chan struct{})}}
		var list projectList
		for i := range 20 {
			list = append(list, cssstore.Project{UUID: cssstore.UUID{1, byte(i >> 8), byte(i)}, Hash: hashA})
		}
		h := csshttp.New(store, list)
		csshttp.LimitStoreCalls(h, 8)
		for range 2 { // each call may hold a thread, of which there are not many
			for _, p := range list {
				go do(h, "GET /resources/"+p.UUID.String()+"/"+hashA.String()+".css", nil)
			}
			time.Sleep(time.Minute)
		}
		require.EqualValues(t, 8, store.running.Load())
		close(store.hang)
		time.Sleep(time.Minute)
		require.NoError(t, store.Put(t.Context(), cssstore.Resource{Project: list[19].UUID, Hash: hashA, CSS: []byte("x")}))
		require.Equal(t, 200, do(h, "GET /resources/"+list[19].UUID.String()+"/"+hashA.String()+".css", nil).StatusCode)
		require.NoError(t, h.Close())
	})
}

// counted counts the calls in flight.
type counted struct {
	hanging
	running atomic.Int64
}

func (c *counted) Get(ctx context.Context, p cssstore.UUID) (cssstore.Resource, error) {
	c.running.Add(1)
	defer c.running.Add(-1)
	return c.hanging.Get(ctx, p)
}

// dead is a folder on a server that does not answer.
type dead struct{ hang chan struct{} }

func (d dead) Open(string) (fs.File, error) {
	<-d.hang
	return nil, fs.ErrNotExist
}

func TestFolder_ThatHangsForEverIsNotWaitedForByEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		public := dead{make(chan struct{})}
		h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithPublic(public))
		begin := time.Now()
		for range 100 {
			require.Equal(t, csshttp.DefaultBaseCSS, do(h, "GET "+path(hashA), nil).Header.Get("Location"))
			time.Sleep(10 * time.Millisecond)
		}
		require.Less(t, time.Since(begin), 10*time.Second)
		close(public.hang)
		require.NoError(t, h.Close())
	})
}
