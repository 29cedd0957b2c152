package redislocker

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/lock"
)

//go:embed fence.lua
var fenceSource string

// Backend is a [lock.Backend] on one Redis: a single server, Sentinel or
// Cluster. It is safe for concurrent use.
type Backend struct {
	client redis.UniversalClient
	fence  *redis.Script
	logger *slog.Logger
	wait   wait
	wrong  error // of the options
	yes    *redis.Cmd

	looked atomic.Bool // at the server's policy of eviction
}

// New returns a backend that uses the client, which the caller keeps open and
// closes: a [*redis.Client], also one for Sentinel, or a
// [*redis.ClusterClient]. It should have ContextTimeoutEnabled, since go-redis
// heeds deadlines only then, and few retries (MaxRetries -1): a repeated
// request is safe here, but takes its time. Locks may have a server or a
// database of their own: it is that of the client. Nothing is sent. With
// options that cannot be used every request fails with a [*lock.OptionError].
func New(client redis.UniversalClient, opts ...Option) *Backend {
	b := &Backend{client: client, fence: redis.NewScript(fenceSource), logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o(b)
	}
	b.wrong = b.wait.check(client)
	b.yes = redis.NewCmd(context.Background())
	b.yes.SetVal("OK")
	return b
}

// Properties implements [lock.Describer].
func (b *Backend) Properties() lock.Properties {
	return lock.Properties{Exclusive: true, Shared: true, Fencing: true, MinTTL: 10 * time.Millisecond, Margin: 2 * time.Millisecond}
}

// recordTTL is how long a record outlives its lock, so that fences go on rising
// although the server's clock is set back meanwhile, by less than this.
const recordTTL = 30 * 24 * time.Hour

// The two keys of a name share a slot of Redis Cluster.
func lockKey(name string) string { return lock.KeyPrefix + "{" + lock.EncodeName(name) + "}" }

func recordKey(name string) string { return lock.KeyPrefix + "Record{" + lock.EncodeName(name) + "}" }

// Acquire implements [lock.Backend]: one round trip.
func (b *Backend) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	if err := b.usable(ctx); err != nil {
		return 0, err
	}
	owner, err := json.Marshal(c.Owner)
	if err != nil {
		return 0, err
	}
	f := &fencing{b: b, keys: []string{lockKey(name), recordKey(name)}, args: []any{c.Token, owner, (ttl + recordTTL).Milliseconds()}}
	_, err = redislock.Obtain(ctx, f, f.keys[0], ttl, &redislock.Options{Token: c.Token})
	switch {
	case errors.Is(err, redislock.ErrNotObtained):
		return 0, &lock.HeldError{Name: name, Holder: f.holder, ExpiresIn: f.left}
	case err == nil && f.err != nil:
		return 0, classify(f.err)
	case err == nil && f.fence == 0:
		return 0, fmt.Errorf("%w: the lock was gone at once", lock.ErrUnavailable)
	case err != nil:
		return 0, classify(err)
	}
	if err := f.replicas.enough(); err != nil {
		return 0, err
	}
	b.look(ctx)
	return f.fence, nil
}

func (b *Backend) usable(ctx context.Context) error {
	if b.wrong != nil {
		return b.wrong
	}
	return context.Cause(ctx)
}

// Renew implements [lock.Backend].
func (b *Backend) Renew(ctx context.Context, name, token string, ttl time.Duration) error {
	s := &sender{b: b, key: lockKey(name)}
	l, err := b.handle(ctx, s, name, token)
	if err != nil {
		return err
	}
	if err = l.Refresh(ctx, ttl, nil); errors.Is(err, redislock.ErrNotObtained) {
		return lock.ErrLost
	}
	if err != nil {
		return classify(err)
	}
	return s.replicas.enough()
}

// Release implements [lock.Backend]. It waits for no replica: a lock that a
// failover brings back ends with its TTL.
func (b *Backend) Release(ctx context.Context, name, token string) error {
	l, err := b.handle(ctx, b.client, name, token)
	if err != nil {
		return err
	}
	if err = l.Release(ctx); errors.Is(err, redislock.ErrLockNotHeld) {
		return lock.ErrLost
	}
	return classify(err)
}

// handle is redislock's view of a lock that a token holds, or may hold: it
// makes one only by obtaining it, so it obtains it from a Scripter that asks
// nobody. The stored value is the token alone, hence what redislock compares
// is the whole of it.
func (b *Backend) handle(ctx context.Context, to redis.Scripter, name, token string) (*redislock.Lock, error) {
	if len(token) != lock.TokenLength {
		return nil, lock.ErrLost
	}
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	l, err := redislock.New(&granted{Scripter: to, yes: b.yes}).Obtain(ctx, lockKey(name), time.Minute, &redislock.Options{Token: token})
	if err != nil {
		return nil, classify(err)
	}
	return l, nil
}

// Holder implements [lock.Backend].
func (b *Backend) Holder(ctx context.Context, name string) (lock.Holder, error) {
	var token *redis.StringCmd
	var left *redis.DurationCmd
	var record *redis.SliceCmd
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		token, left = p.Get(ctx, lockKey(name)), p.PTTL(ctx, lockKey(name))
		record = p.HMGet(ctx, recordKey(name), "fence", "token", "owner")
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return lock.Holder{}, classify(err)
	}
	if token.Val() == "" {
		return lock.Holder{}, lock.ErrNotHeld
	}
	h := lock.Holder{Name: name, Token: token.Val(), TTL: max(left.Val(), 0)}
	if r := record.Val(); len(r) == 3 && r[1] == h.Token {
		h.Fence = number(r[0])
		h.Owner = owner(r[2])
	}
	return h, nil
}

// number and owner read what may be damaged: people and fences of nobody.
func number(v any) uint64 {
	s, _ := v.(string)
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func owner(v any) (o lock.Owner) {
	s, _ := v.(string)
	if s == "" || json.Unmarshal([]byte(s), &o) != nil {
		return lock.Owner{}
	}
	return o
}

// Break implements [lock.Breaker].
func (b *Backend) Break(ctx context.Context, name string) error {
	n, err := b.client.Del(ctx, lockKey(name)).Result()
	if err == nil && n == 0 {
		return lock.ErrNotHeld
	}
	return classify(err)
}

// Holders implements [lock.Lister]: it scans the server, or all masters of a
// cluster, for the keys of locks.
func (b *Backend) Holders(ctx context.Context) iter.Seq2[lock.Holder, error] {
	return func(yield func(lock.Holder, error) bool) {
		names, err := b.names(ctx)
		if err != nil {
			yield(lock.Holder{}, classify(err))
			return
		}
		for _, name := range names {
			h, err := b.Holder(ctx, name)
			if errors.Is(err, lock.ErrNotHeld) {
				continue
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}

func (b *Backend) names(ctx context.Context) ([]string, error) {
	var names []string
	scan := func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, lock.KeyPrefix+"{*}", 500).Iterator()
		for it.Next(ctx) {
			encoded := strings.TrimSuffix(strings.TrimPrefix(it.Val(), lock.KeyPrefix+"{"), "}")
			if name, ok := lock.DecodeName(encoded); ok {
				names = append(names, name)
			}
		}
		return it.Err()
	}
	cluster, ok := b.client.(*redis.ClusterClient)
	if !ok {
		return names, scan(ctx, b.client)
	}
	var mu sync.Mutex
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		mu.Lock() // the masters are asked one after the other
		defer mu.Unlock()
		return scan(ctx, c)
	})
	return names, err
}
