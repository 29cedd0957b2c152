package redisadapter

import (
	"context"
	"reflect"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Adapter is a cache on Redis. It implements [cache.Adapter] and
// [cache.Clearer], [cache.Expirer], [cache.Lister], [cache.Limiter],
// [cache.Pinger]. It is safe for concurrent use. Make one with [New].
type Adapter struct {
	client redis.UniversalClient
	// oneServer: one server has all keys, so that commands and transactions
	// may span several of them. A cluster refuses that across slots.
	oneServer bool
	maxValue  int
	owned     cache.KeyPatterns
	state     adapterkit.State

	noUnlink       atomic.Bool
	noTransactions atomic.Bool
}

var _ interface {
	cache.Adapter
	cache.Clearer
	cache.Expirer
	cache.Pinger
	cache.Lister
	cache.Limiter
} = (*Adapter)(nil)

// Option changes a default of [New].
type Option func(*Adapter)

// WithMaxValueSize refuses to store values of more bytes with
// [cache.ErrTooLarge]. The default, also for 0, is no limit but Redis' own of
// 512 MiB. A negative size panics.
func WithMaxValueSize(bytes int) Option {
	if bytes < 0 {
		panic("redisadapter: WithMaxValueSize: bytes is negative")
	}
	return func(a *Adapter) { a.maxValue = bytes }
}

// WithOwned lets [Adapter.Clear] remove the entries whose keys match the
// patterns. Several options add up. The default is none.
func WithOwned(patterns ...string) Option {
	return func(a *Adapter) { a.owned = append(a.owned, patterns...) }
}

// New returns the cache on the server of client, which stays the caller's to
// close. Nothing is sent. A [*redis.Client] (also one for Sentinel) gets
// several keys with MGET and sets several items in one MULTI/EXEC; any other
// client gets one command for each key, in one pipeline. The client's options
// decide how long a call takes; envconfig/connect sets those that the package
// names. A nil client or option panics.
func New(client redis.UniversalClient, opts ...Option) *Adapter {
	if v := reflect.ValueOf(client); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		panic("redisadapter: New: client is nil")
	}
	_, oneServer := client.(*redis.Client)
	a := &Adapter{client: client, oneServer: oneServer}
	for _, o := range opts {
		if o == nil {
			panic("redisadapter: New: opts has a nil Option")
		}
		o(a)
	}
	return a
}

// Get implements [cache.Adapter]. A key that holds no string (a list, say) is
// a miss, as it is for PHP.
func (a *Adapter) Get(ctx context.Context, keys ...string) (values [][]byte, err error) {
	defer recoverAs("get", keys, &err)
	if len(keys) == 0 {
		return [][]byte{}, nil
	}
	if err := a.state.Check(ctx); err != nil {
		return nil, adapterkit.Error("get", keys, err)
	}
	values = make([][]byte, len(keys))
	switch {
	case len(keys) == 1:
		v, err := a.client.Get(ctx, keys[0]).Bytes()
		if err = ignoreMiss(err); err != nil {
			return nil, adapterkit.Error("get", keys, classify(ctx, err))
		}
		values[0] = adapterkit.NonEmpty(v)
		return values, nil
	case a.oneServer:
		return values, a.mget(ctx, keys, values)
	default:
		return values, a.getEach(ctx, keys, values)
	}
}

func (a *Adapter) mget(ctx context.Context, keys []string, values [][]byte) error {
	got, err := a.client.MGet(ctx, keys...).Result()
	if err != nil {
		return adapterkit.Error("get", keys, classify(ctx, err))
	}
	var text redis.StringCmd // whose Bytes makes no copy, as for a single key
	for i, v := range got {
		if s, ok := v.(string); ok && i < len(values) {
			text.SetVal(s)
			b, _ := text.Bytes()
			values[i] = adapterkit.NonEmpty(b)
		}
	}
	return nil
}

// getEach reads the keys one by one, so that those of a part of a cluster that is
// down fail alone.
func (a *Adapter) getEach(ctx context.Context, keys []string, values [][]byte) error {
	pipe := a.client.Pipeline()
	cmds := make([]*redis.StringCmd, len(keys))
	for i, k := range keys {
		cmds[i] = pipe.Get(ctx, k)
	}
	_, err := pipe.Exec(ctx)
	if err := pipelineErr(err, cmds...); err != nil {
		return adapterkit.Error("get", keys, classify(ctx, err))
	}
	var failed adapterkit.Failures
	for i, cmd := range cmds {
		v, err := cmd.Bytes()
		if err = ignoreMiss(err); err != nil {
			failed.Add(keys[i], classify(ctx, err))
			continue
		}
		values[i] = adapterkit.NonEmpty(v)
	}
	return failed.Error("get")
}

// Set implements [cache.Adapter]. Lifetimes are rounded up to whole seconds.
// On one server all items are set or none; on a cluster, and behind a proxy that
// knows no MULTI (twemproxy), each on its own.
func (a *Adapter) Set(ctx context.Context, items ...cache.Item) (err error) {
	if len(items) == 0 {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = adapterkit.Error("set", adapterkit.Keys(items), panicError(r))
		}
	}()
	if err := adapterkit.CheckItems(items, a.maxValue); err != nil {
		return err
	}
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("set", adapterkit.Keys(items), err)
	}
	if len(items) == 1 {
		if err := set(ctx, a.client, &items[0]).Err(); err != nil {
			return adapterkit.Error("set", adapterkit.Keys(items), classify(ctx, err))
		}
		return nil
	}
	if a.oneServer && !a.noTransactions.Load() {
		err := a.setTogether(ctx, items)
		if err == nil || !a.refusesTransactions(ctx, err) {
			return err
		}
		a.noTransactions.Store(true)
	}
	return a.setEach(ctx, items)
}

// set is SET or SETEX, the two commands that PHP sends.
func set(ctx context.Context, to sender, it *cache.Item) *redis.StatusCmd {
	if it.TTL == 0 {
		return sendStatus(ctx, to, "set", it.Key, it.Value)
	}
	return sendStatus(ctx, to, "setex", it.Key, adapterkit.Seconds(it.TTL), it.Value)
}

// Close makes every later call [cache.ErrClosed]. The client stays open: who
// opens closes.
func (a *Adapter) Close() error {
	a.state.Close()
	return nil
}

// Ping implements [cache.Pinger]. It reads an entry of mosparo's, because the
// command PING answers also a user who may not read our keys.
func (a *Adapter) Ping(ctx context.Context) (err error) {
	defer recoverAs("ping", nil, &err)
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("ping", nil, err)
	}
	if err := ignoreMiss(a.client.Get(ctx, "mosparoNextCleanup").Err()); err != nil {
		return adapterkit.Error("ping", nil, classify(ctx, err))
	}
	return nil
}

// MaxValueSize implements [cache.Limiter].
func (a *Adapter) MaxValueSize() int { return a.maxValue }
