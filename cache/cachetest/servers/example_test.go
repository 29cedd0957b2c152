package servers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// A test on a real Redis, which is skipped where none is installed.
func Example() {
	test := func(t *testing.T) {
		server := servers.Redis(t)
		client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
		defer client.Close()
		adapter := redisadapter.New(client)

		server.Pause() // it hangs
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := adapter.Get(ctx, "mosparoNextCleanup"); !errors.Is(err, cache.ErrUnavailable) {
			t.Errorf("a server that hangs: %v", err)
		}
		server.Resume()
		if _, err := adapter.Get(t.Context(), "mosparoNextCleanup"); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	}
	_ = test // func TestOutage(t *testing.T) in a file of your own
}
