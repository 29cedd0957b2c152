package csshttp_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func TestReady_AsksForWhatMemoryOrStoreCanServe(t *testing.T) {
	down := errors.New("dial tcp 10.0.0.5: refused")
	for name, c := range map[string]struct {
		stored, served  bool // before something fails
		database, store error
		ready           bool
	}{
		"all up":                        {stored: true, ready: true},
		"nothing prepared":              {ready: true},
		"database down, in memory":      {stored: true, served: true, database: down, ready: true},
		"database down, known once":     {served: true, database: down, ready: true},
		"database down since the start": {stored: true, database: down},
		"store down, in memory":         {stored: true, served: true, store: down, ready: true},
		"both down, in memory":          {stored: true, served: true, database: down, store: down, ready: true},
		"store down, nothing in memory": {stored: true, store: down},
		"store down, nothing was there": {served: true, store: down},
		"both down since the start":     {stored: true, database: down, store: down},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, store, db := served(t)
				if c.stored {
					require.NoError(t, store.Put(t.Context(), css(hashA, "x")))
				}
				if c.served {
					do(h, "GET "+path(hashA), nil)
				}
				time.Sleep(time.Minute)
				db.set(c.database, known)
				store.Fail(c.store)
				for range 3 {
					err := h.Ready(t.Context())
					require.Equal(t, c.ready, err == nil, err)
					if err != nil {
						require.NotContains(t, err.Error(), "10.0.0.5")
					}
					time.Sleep(10 * time.Second)
				}
				db.set(nil, known)
				store.Fail(nil)
				require.NoError(t, h.Ready(t.Context()), "as soon as both are back")
			})
		})
	}
}

func TestReady_WithoutProjectsNeedsNoStore(t *testing.T) {
	store := cssstoretest.NewFake()
	store.Fail(errors.New("down"))
	h := csshttp.New(store, projectList{})
	require.NoError(t, h.Ready(t.Context()))
	require.NoError(t, h.Close())
	require.Error(t, h.Ready(t.Context()), "after Close")
}

func TestReady_OneProjectThatCannotBeReadIsNotAll(t *testing.T) {
	h := csshttp.New(&unreadable{cssstoretest.NewFake()}, projectList{known, {UUID: cssstore.UUID{0xff}}})
	defer h.Close()
	require.NoError(t, h.Ready(t.Context()))
}

// unreadable is a store that cannot read one project.
type unreadable struct{ *cssstoretest.Fake }

func (u *unreadable) Hash(ctx context.Context, id cssstore.UUID) (cssstore.Hash, error) {
	if id == project {
		return cssstore.Hash{}, errors.New("input/output error")
	}
	return u.Fake.Hash(ctx, id)
}

func TestReady_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &hanging{Fake: cssstoretest.NewFake(), list: projectList{known}, hang: make(chan struct{})}
		for _, h := range []*csshttp.Handler{csshttp.New(source.Fake, source), csshttp.New(hangingHash{source}, source.list)} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			begun := time.Now()
			require.Error(t, h.Ready(ctx))
			require.Equal(t, time.Second, time.Since(begun))
			cancel()
			require.NoError(t, h.Close())
		}
	})
}

func TestReady_AClientThatHangsUpIsNoFailureOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		source := &hanging{Fake: cssstoretest.NewFake(), list: projectList{known}, hang: make(chan struct{})}
		h := csshttp.New(hangingHash{source}, source.list, csshttp.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, hangUp)
		require.ErrorIs(t, h.Ready(ctx), context.Canceled)
		require.Empty(t, log.String())

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, h.Ready(ctx))
		require.Contains(t, log.String(), "stored css cannot be read", "a store that does not answer in time")
		require.NoError(t, h.Close())
	})
}

type hangingHash struct{ *hanging }

func (s hangingHash) Hash(ctx context.Context, _ cssstore.UUID) (cssstore.Hash, error) {
	return cssstore.Hash{}, s.wait(ctx)
}
