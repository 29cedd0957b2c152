package cache_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
)

func TestWholeSeconds_RoundsUpAndNeverOver(t *testing.T) {
	for ttl, want := range map[time.Duration]time.Duration{
		0: 0, 1: time.Second, time.Second: time.Second, time.Second + 1: 2 * time.Second,
		math.MaxInt64 - time.Second: 9_223_372_036 * time.Second,
		math.MaxInt64:               9_223_372_036 * time.Second,
	} {
		require.Equal(t, want, cache.WholeSeconds(ttl), ttl)
		require.Zero(t, cache.WholeSeconds(ttl)%time.Second)
	}
}
