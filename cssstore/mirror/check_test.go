package mirror_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/mirror"
)

func TestCheck_ComparesWithTheDatabase(t *testing.T) {
	s := cssstoretest.NewFake()
	id := func(n byte) cssstore.UUID { return cssstore.UUID{n} }
	for n, css := range map[byte]string{1: "same", 2: "old", 4: "orphan", 5: "not in the database"} {
		require.NoError(t, s.Put(t.Context(), cssstore.Resource{Project: id(n), Hash: hashOf(css), CSS: []byte(css)}))
	}
	found, err := mirror.Check(t.Context(), s, map[cssstore.UUID]cssstore.Hash{
		id(1): hashOf("same"), id(2): hashOf("new"), id(3): hashOf("lost"), id(5): {}, id(6): {},
	})
	require.NoError(t, err)
	require.Equal(t, []mirror.Drift{
		{Project: id(2), Kind: mirror.Stale, Want: hashOf("new"), Have: hashOf("old")},
		{Project: id(3), Kind: mirror.Missing, Want: hashOf("lost")},
		{Project: id(5), Kind: mirror.Stale, Have: hashOf("not in the database")},
		{Project: id(4), Kind: mirror.Orphaned, Have: hashOf("orphan")},
	}, found)

	down := errors.New("down")
	s.Fail(down)
	_, err = mirror.Check(t.Context(), s, map[cssstore.UUID]cssstore.Hash{id(1): hashOf("same")})
	require.ErrorIs(t, err, down)
}

func TestCheck_StopsWhenAServerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cssstoretest.NewFake()
		s.Delay(time.Second) // the timeout of a client
		s.Fail(cache.ErrUnavailable)
		hashes := map[cssstore.UUID]cssstore.Hash{}
		for i := range 100 {
			hashes[cssstore.UUID{byte(i)}] = hashOf("a")
		}
		began := time.Now()
		_, err := mirror.Check(t.Context(), s, hashes)
		require.ErrorIs(t, err, cache.ErrUnavailable)
		require.ErrorContains(t, err, "98 projects were not compared")
		require.Equal(t, 2*time.Second, time.Since(began))
	})
}
