package cssstoretest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func TestConformance(t *testing.T) {
	cssstoretest.Conformance(t, func(*testing.T) cssstore.Store { return cssstoretest.NewFake() })
}

func TestFake_SettlesWhatPHPWroteAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := cssstoretest.NewFake()
		r := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstoretest.HashOf("a"), CSS: []byte("a")}
		f.PutAsPHP(r)
		time.Sleep(time.Minute)
		got, err := f.Get(t.Context(), r.Project)
		require.NoError(t, err)
		require.False(t, got.Settled)
		start := time.Now()
		got, err = cssstore.GetSettled(t.Context(), f, r.Project)
		require.NoError(t, err)
		require.True(t, got.Settled)
		require.Equal(t, cssstore.SettleTime, time.Since(start))
	})
}

func TestFake_Fails(t *testing.T) {
	f, down := cssstoretest.NewFake(), errors.New("down")
	f.Fail(down)
	_, err := f.Get(t.Context(), cssstore.UUID{1})
	require.ErrorIs(t, err, down)
	require.Equal(t, 1, f.Calls("get"))
	f.Fail(nil)
	_, err = f.Get(t.Context(), cssstore.UUID{1})
	require.ErrorIs(t, err, cssstore.ErrNotFound)
}
