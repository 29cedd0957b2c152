package memcachedlocker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
)

// twemproxy closes a connection at what it does not know, such as a negative
// expiry.
func TestConformance_ThroughTwemproxy(t *testing.T) {
	t.Parallel()
	proxy := servers.TwemproxyMemcached(t, servers.Memcached(t).Addr(), servers.Memcached(t).Addr())
	c := connect(t, proxy.Addr())
	locktest.Conformance(t, func(*testing.T) lock.Backend { return memcachedlocker.New(c) })
}

func TestRelease_FreesTheNameAtOnceThroughTwemproxy(t *testing.T) {
	server := servers.Memcached(t)
	through := memcachedlocker.New(connect(t, servers.TwemproxyMemcached(t, server.Addr()).Addr()))
	straight := memcachedlocker.New(connect(t, server.Addr()))
	for i := range 20 {
		name := fmt.Sprint("n", i)
		token, _ := acquire(t, through, name, time.Hour)
		require.NoError(t, through.Release(t.Context(), name, token))
		_, err := straight.Holder(t.Context(), name)
		require.ErrorIs(t, err, lock.ErrNotHeld)
		acquire(t, straight, name, time.Hour)
		require.NoError(t, through.Break(t.Context(), name))
		acquire(t, through, name, time.Hour)
	}
}
