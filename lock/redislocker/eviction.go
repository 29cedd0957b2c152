package redislocker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// ErrEviction says that the server may drop locks when its memory is full. Only the
// maxmemory-policy noeviction keeps them; give the locks a server of their own if the
// cache needs another. For operators, "What can go wrong" in examples/deploy/README.md
// says what to do.
var ErrEviction = errors.New("the server may evict locks")

// Check asks the server, or every master of a cluster, whether it may evict
// locks, and returns [ErrEviction] with the policy's name if so; other errors
// mean that it cannot be asked. It needs the right to INFO.
func (b *Backend) Check(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	cluster, ok := b.client.(*redis.ClusterClient)
	if !ok {
		return policy(ctx, b.client)
	}
	var mu sync.Mutex
	var found []error
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		err := policy(ctx, c)
		mu.Lock()
		defer mu.Unlock()
		found = append(found, err)
		return nil
	})
	if err != nil {
		return classify(err)
	}
	return errors.Join(found...)
}

func policy(ctx context.Context, c redis.Cmdable) error {
	info, err := c.Info(ctx, "memory").Result()
	if err != nil {
		return classify(err)
	}
	var limit, policy string
	for line := range strings.Lines(info) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), ":"); key {
		case "maxmemory":
			limit = value
		case "maxmemory_policy":
			policy = value
		}
	}
	if policy == "" || policy == "noeviction" || limit == "0" {
		return nil
	}
	return fmt.Errorf("%w: maxmemory-policy is %q", ErrEviction, policy)
}

// warnIfEvicting logs once, after the first acquire, if the server may evict
// locks: New sends nothing.
func (b *Backend) warnIfEvicting(ctx context.Context) {
	if b.checked.Load() || !b.logger.Enabled(ctx, slog.LevelWarn) || !b.checked.CompareAndSwap(false, true) {
		return
	}
	if err := b.Check(ctx); errors.Is(err, ErrEviction) {
		b.logger.WarnContext(ctx, "locks may be evicted", slog.Any("error", err))
	}
}
