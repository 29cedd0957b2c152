package mirror_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
	"github.com/mosparo/go-cluster/cssstore/mirror"
)

func TestRemoveOrphans(t *testing.T) {
	s := cssstoretest.NewFake()
	other := cssstore.UUID{9}
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
	require.NoError(t, s.Put(t.Context(), cssstore.Resource{Project: other, Hash: hashOf("x")}))
	_, err := mirror.RemoveOrphans(t.Context(), s, fixturetest.Always())
	require.ErrorIs(t, err, mirror.ErrNoProjects)
	reads := 0
	found, err := mirror.RemoveOrphans(t.Context(), s, func(context.Context) ([]cssstore.UUID, error) {
		if reads++; reads == 1 {
			return []cssstore.UUID{project}, nil
		}
		return []cssstore.UUID{project, other}, nil
	})
	require.NoError(t, err)
	require.Empty(t, found, "it was made meanwhile")
	found, err = mirror.RemoveOrphans(t.Context(), s, fixturetest.Always(project))
	require.NoError(t, err)
	require.Equal(t, []cssstore.UUID{other}, found)
	_, err = s.Get(t.Context(), other)
	require.ErrorIs(t, err, cssstore.ErrNotFound)
	require.Equal(t, "a", string(fixturetest.Get(t, s).CSS))
}
