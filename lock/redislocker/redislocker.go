package redislocker

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

// The scripts.
var (
	//go:embed renew.lua
	renewSource string
	//go:embed release.lua
	releaseSource string
)

// Backend is a [lock.Backend] on one Redis: a single server, Sentinel or
// Cluster. It is safe for concurrent use.
type Backend struct {
	client         redis.UniversalClient
	unrepeated     *unrepeated
	renew, release *redis.Script
	logger         *slog.Logger
	wait           wait

	checked atomic.Bool // whether the server evicts
}

// New returns a backend that uses the client, which the caller keeps open and
// closes: a [*redis.Client], also one for Sentinel, or a
// [*redis.ClusterClient]. It should have ContextTimeoutEnabled, since go-redis
// heeds deadlines only then, and few retries (MaxRetries -1): a request that
// the client repeats is safe here, but takes its time; a release and a break are
// not repeated in any case. DialTimeout, ReadTimeout and WriteTimeout (5 s each by
// default) have to be well below the TTL of leases: 2 s, with one of
// DialerRetries. A [*redis.ClusterClient] needs a ClusterStateReloadInterval of 3 s:
// by default go-redis reads the slot map of a cluster every 60 s, and after the death of
// a master a lease on its slots is lost before that. Behind twemproxy the client
// needs DisableIdentity and the hook redisadapter.SkipHello. envconfig/connect
// makes such a client.
//
// The pool of a twemproxy needs hash_tag "{}" in the configuration of the proxy,
// which no client can set, and behind one [Backend.Holders], [Backend.Check] and
// [WithReplicas] do not work. Locks may have a server or a database of their own:
// it is that of the client. New sends nothing, and panics if client or an
// option is nil.
func New(client redis.UniversalClient, opts ...Option) *Backend {
	if isNil(client) {
		panic("redislocker.New: client is nil")
	}
	b := &Backend{
		client: client, unrepeated: &unrepeated{client, client}, logger: slog.New(slog.DiscardHandler),
		renew: redis.NewScript(renewSource), release: redis.NewScript(releaseSource),
	}
	for _, o := range opts {
		if o == nil {
			panic("redislocker.New: opts has a nil Option")
		}
		o(b)
	}
	b.wait.mustWork(client)
	return b
}

func isNil(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case nil:
		return true
	case *redis.Client:
		return c == nil
	case *redis.ClusterClient:
		return c == nil
	}
	return false
}

// Properties implements [lock.Backend].
func (b *Backend) Properties() lock.Properties {
	return lock.Properties{Exclusive: true, Shared: true, Fencing: true, MinTTL: 10 * time.Millisecond, Margin: 2 * time.Millisecond}
}

// The two keys of a name share a slot of Redis Cluster.
func lockKey(name string) string { return lock.KeyPrefix + "{" + names.Encode(name) + "}" }

func recordKey(name string) string { return lock.KeyPrefix + "Record{" + names.Encode(name) + "}" }

// Where a record has the token and the owner, after 16 digits of fence: in
// microseconds that is enough until the year 2286.
const (
	tokenAt = 16
	ownerAt = tokenAt + 22
)

// whole returns a lifetime rounded up to milliseconds, in which Redis counts.
func whole(ttl time.Duration) time.Duration {
	if part := ttl % time.Millisecond; part > 0 && ttl < math.MaxInt64-time.Millisecond {
		return ttl + time.Millisecond - part
	}
	return ttl
}

// Renew implements [lock.Backend].
func (b *Backend) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if !token.IsValid() {
		return lock.ErrLost
	}
	cmd, replicas := b.run(ctx, b.renew, []string{lockKey(name)}, string(token), whole(ttl).Milliseconds())
	if err := answer(cmd); err != nil {
		return err
	}
	return replicas.enough()
}

// Release implements [lock.Backend]. It waits for no replica: a lock that a
// failover brings back ends with its TTL.
func (b *Backend) Release(ctx context.Context, name string, token lock.Token) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if !token.IsValid() {
		return lock.ErrLost
	}
	return answer(b.release.Run(ctx, b.unrepeated, []string{lockKey(name)}, string(token)))
}

// answer returns the error of a script that compares the token. The stored value is
// the token alone, as redislock keeps it, but it is never compared by prefix.
func answer(cmd *redis.Cmd) error {
	if err := cmd.Err(); err != nil {
		return classify(err)
	}
	if cmd.Val() != int64(1) {
		return lock.ErrLost
	}
	return nil
}

// Holder implements [lock.Backend].
func (b *Backend) Holder(ctx context.Context, name string) (lock.Holder, error) {
	var token, record *redis.StringCmd
	var left *redis.DurationCmd
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		token, left, record = p.Get(ctx, lockKey(name)), p.PTTL(ctx, lockKey(name)), p.Get(ctx, recordKey(name))
		return nil
	})
	// Not errors.Is: the error of a Sentinel that does not know the master wraps redis.Nil.
	if token.Err() == redis.Nil { //nolint:errorlint // likewise
		return lock.Holder{}, lock.ErrNotHeld
	}
	if err != nil && (token.Err() != nil || token.Val() == "") {
		return lock.Holder{}, classify(err)
	}
	h := lock.Holder{Name: name, Token: lock.Token(token.Val()), TTL: max(left.Val(), 0)}
	if r := record.Val(); len(r) >= ownerAt && r[tokenAt:ownerAt] == token.Val() {
		h.Fence, h.Owner = number(r[:tokenAt]), decodeOwner(r[ownerAt:])
	}
	return h, nil
}

// number reads a fence; 0 if it is damaged.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Break implements [lock.Breaker].
func (b *Backend) Break(ctx context.Context, name string) error {
	cmd := once(ctx, b.client, redis.NewCmd(ctx, "del", lockKey(name)))
	if err := cmd.Err(); err != nil {
		return classify(err)
	}
	if cmd.Val() == int64(0) {
		return lock.ErrNotHeld
	}
	return nil
}

// Holders implements [lock.Lister]: it scans the server, or all masters of a
// cluster, for the keys of locks. Keys of another type are an error at the end.
func (b *Backend) Holders(ctx context.Context) iter.Seq2[lock.Holder, error] {
	return func(yield func(lock.Holder, error) bool) {
		names, err := b.names(ctx)
		if err != nil {
			yield(lock.Holder{}, classify(err))
			return
		}
		var wrong []error
		for _, name := range names {
			h, err := b.Holder(ctx, name)
			switch {
			case errors.Is(err, lock.ErrNotHeld):
				continue
			case err != nil && redis.HasErrorPrefix(err, "WRONGTYPE"):
				wrong = append(wrong, fmt.Errorf("%q: %w", name, err))
				continue
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
		if len(wrong) > 0 {
			yield(lock.Holder{}, errors.Join(wrong...))
		}
	}
}

// names returns the names of all locks, each once; SCAN may yield a key twice.
func (b *Backend) names(ctx context.Context) ([]string, error) {
	names, err := b.scan(ctx)
	slices.Sort(names)
	return slices.Compact(names), err
}

func (b *Backend) scan(ctx context.Context) (found []string, err error) {
	scan := func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, lock.KeyPrefix+"{*}", 500).Iterator()
		for it.Next(ctx) {
			encoded := strings.TrimSuffix(strings.TrimPrefix(it.Val(), lock.KeyPrefix+"{"), "}")
			if name, ok := names.Decode(encoded); ok {
				found = append(found, name)
			}
		}
		return it.Err()
	}
	cluster, ok := b.client.(*redis.ClusterClient)
	if !ok {
		err = scan(ctx, b.client)
		return found, err
	}
	var mu sync.Mutex
	err = cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		mu.Lock() // the masters are asked one after the other
		defer mu.Unlock()
		return scan(ctx, c)
	})
	return found, err
}
