package csshttp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func TestWarm_FirstRequestsDoNotAskTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, db := served(t)
		require.NoError(t, store.Put(t.Context(), css(hashA, "x")))
		db.set(errors.New("down"))
		time.AfterFunc(3*time.Second, func() { db.set(nil, known) })
		require.NoError(t, h.Warm(t.Context()), "the database comes back")
		store.Fail(errors.New("down"))
		body, err := io.ReadAll(do(h, "GET "+path(hashA), nil).Body)
		require.NoError(t, err)
		require.Equal(t, "x", string(body))
	})
}

func TestWarm_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, db := served(t)
		db.set(errors.New("down"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		require.ErrorIs(t, h.Warm(ctx), context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(begun))
	})
}

// What is loaded stays: no project takes the memory of another.
func TestWarm_LoadsAsMuchAsTheMemoryHolds(t *testing.T) {
	const limit = 1 << 18
	synctest.Test(t, func(t *testing.T) {
		store := cssstoretest.NewFake()
		var list projectList
		for i := range 50 {
			p := cssstore.Project{UUID: cssstore.UUID{byte(i), 1}, Hash: hashA}
			list = append(list, p)
			require.NoError(t, store.Put(t.Context(), cssstore.Resource{Project: p.UUID, Hash: hashA, CSS: bytes.Repeat([]byte{byte(i)}, 10_000)}))
		}
		h := csshttp.New(store, list, csshttp.WithMemory(limit))
		defer h.Close()
		require.NoError(t, h.Warm(t.Context()))
		require.LessOrEqual(t, h.MemoryInUse(), limit)
		require.Greater(t, h.MemoryInUse(), limit*8/10)
	})
}
