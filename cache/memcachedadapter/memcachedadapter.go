package memcachedadapter

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Adapter is a cache on memcached. It implements [cache.Adapter] and
// [cache.Clearer], [cache.Pinger], [cache.Lister], [cache.Limiter]. It is safe
// for concurrent use. Make one with [New].
type Adapter struct {
	client  *memcache.Client
	servers *Servers // nil for a client of one server
	naming
	versionKey string

	compression compression
	maxValue    int // that may be stored
	maxDecoded  int // that may be read
	versions    versions
	health      []health // by server
	logger      *slog.Logger
	owned       cache.KeyPatterns
	state       adapterkit.State
}

var _ interface {
	cache.Adapter
	cache.Clearer
	cache.Pinger
	cache.Lister
	cache.Limiter
} = (*Adapter)(nil)

// Option changes a default of [New].
type Option func(*Adapter)

// defaultItemLimit is memcached's own limit for an item (its option -I).
const defaultItemLimit = 1 << 20

// itemOverhead is what a key of 250 bytes and the server's own header take of
// an item at most: 313 bytes in memcached 1.6.
const itemOverhead = 512

// WithItemLimit is the servers' limit for an item in bytes, if they were
// started with another (-I) than 1 MiB. Values that could exceed
// it are refused with [cache.ErrTooLarge] before they are sent, because the
// server would remove the old value. 0 is the default, less than 1 KiB counts
// as that, and a negative limit panics.
func WithItemLimit(bytes int) Option {
	if bytes < 0 {
		panic("memcachedadapter: WithItemLimit: bytes is negative")
	}
	return func(a *Adapter) { a.maxValue = max(cmp.Or(bytes, defaultItemLimit), 1024) - itemOverhead }
}

// WithMaxDecodedSize limits what a value may be that is read: its size, and
// what a compressed one claims to become. The default, and 0, is
// [cache.DefaultMaxValueSize]; a negative size panics.
func WithMaxDecodedSize(bytes int) Option {
	if bytes < 0 {
		panic("memcachedadapter: WithMaxDecodedSize: bytes is negative")
	}
	return func(a *Adapter) { a.maxDecoded = cmp.Or(bytes, cache.DefaultMaxValueSize) }
}

// WithZlib writes values of 2,000 bytes and more with zlib instead of PHP's
// default, FastLZ. PHP nodes read both.
func WithZlib() Option {
	return func(a *Adapter) { a.compression = zlibStream }
}

// WithoutCompression writes all values as they are.
func WithoutCompression() Option {
	return func(a *Adapter) { a.compression = uncompressed }
}

// WithLogger logs that a server is down or back, and that another node has
// changed the namespace version. The default, and nil, log
// nothing.
func WithLogger(l *slog.Logger) Option {
	return func(a *Adapter) {
		if l != nil {
			a.logger = l
		}
	}
}

// WithOwned lets [Adapter.Clear] remove the entries whose keys match the
// patterns. Several options add up. The default is none.
func WithOwned(patterns ...string) Option {
	return func(a *Adapter) { a.owned = append(a.owned, patterns...) }
}

// WithNamespace is the namespace of a Symfony pool; mosparo has none. It is a
// PSR-6 key.
func WithNamespace(ns string) Option {
	return func(a *Adapter) {
		a.namespace = ""
		if ns != "" {
			a.namespace = ns + separator
		}
	}
}

// New returns the cache on the servers of client, which stays the caller's to
// close. Nothing is sent. servers is the selector of the client, as in
//
//	client := servers.Client(memcachedadapter.ClientOptions{})
//	adapter := memcachedadapter.New(client, servers)
//
// or nil for a client with one server and no selector of this package. The
// client's Timeout (gomemcache's default is 500 ms, that of [Servers.Client] 1 s)
// bounds connecting and each part of a reply, since it knows no contexts, and
// MaxIdleConns (2 by default) should be as many as requests at one time. Behind
// twemproxy, which is one server to the client, nothing is listed, and a clear
// changes the namespace version. A nil client or option panics.
func New(client *memcache.Client, servers *Servers, opts ...Option) *Adapter {
	if client == nil {
		panic("memcachedadapter: New: client is nil")
	}
	a := &Adapter{
		client: client, servers: servers, health: make([]health, 1),
		maxValue: defaultItemLimit - itemOverhead, maxDecoded: cache.DefaultMaxValueSize,
		versions: versions{reading: make(chan struct{}, 1)}, logger: slog.New(slog.DiscardHandler),
	}
	if servers != nil {
		a.prefix = servers.prefix
		a.health = make([]health, len(servers.list))
	}
	for _, o := range opts {
		if o == nil {
			panic("memcachedadapter: New: opts has a nil Option")
		}
		o(a)
	}
	a.versionKey = a.keyOfVersion()
	for i := range a.health {
		a.health[i].logger = a.logger
		if servers != nil {
			a.health[i].server = servers.list[i].String()
		}
	}
	return a
}

// Get implements [cache.Adapter]. An item that is not what its flags say is
// reported like an unreadable key, with a [*cache.DecodeError]; PHP takes it
// for a miss.
func (a *Adapter) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	if len(keys) == 0 {
		return [][]byte{}, nil
	}
	v, err := a.begin(ctx)
	if err != nil {
		return nil, adapterkit.Error("get", keys, err)
	}
	values := make([][]byte, len(keys))
	if len(keys) > 1 {
		return values, a.getSeveral(v, keys, values)
	}
	raw, err := a.raw(v, keys[0])
	if err != nil {
		return nil, adapterkit.Error("get", keys, err)
	}
	item, err := a.getItem(raw)
	if err != nil {
		return nil, adapterkit.Error("get", keys, err)
	}
	if values[0], err = a.content(keys[0], item); err != nil {
		return values, adapterkit.Error("get", keys, err)
	}
	return values, nil
}

// Set implements [cache.Adapter]. Lifetimes are rounded up to whole seconds;
// memcached may end them up to two seconds early, and none lasts beyond the
// 19th of January 2038, which is as far as its clock goes. The client library
// sends one item at a time: several on one server take one round trip each,
// and each is set or not on its own.
func (a *Adapter) Set(ctx context.Context, items ...cache.Item) error {
	if len(items) == 0 {
		return nil
	}
	if err := adapterkit.CheckItems(items, a.maxValue); err != nil {
		return err
	}
	v, err := a.begin(ctx)
	if err != nil {
		return adapterkit.Error("set", adapterkit.Keys(items), err)
	}
	if len(items) == 1 {
		raw, err := a.raw(v, items[0].Key)
		if err == nil {
			err = a.set(raw, items[0])
		}
		if err != nil {
			return adapterkit.Error("set", adapterkit.Keys(items), err)
		}
		return nil
	}
	return a.each(ctx, "set", v, adapterkit.Keys(items), func(raw string, i int) error { return a.set(raw, items[i]) })
}

// set writes one item.
func (a *Adapter) set(raw string, item cache.Item) error {
	value, flags := a.compression.compress(item.Value)
	return a.store(&memcache.Item{Key: raw, Value: value, Flags: flags, Expiration: expiration(item.TTL)}, (*memcache.Client).Set)
}

// Delete implements [cache.Adapter], one round trip for each key as [Adapter.Set].
func (a *Adapter) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	v, err := a.begin(ctx)
	if err != nil {
		return adapterkit.Error("delete", keys, err)
	}
	return a.each(ctx, "delete", v, keys, func(raw string, _ int) error { return a.remove(raw) })
}

// longestRelative is the longest lifetime that memcached does not take for a
// point in time.
const longestRelative = 30 * 24 * 60 * 60

// expiration is a lifetime as memcached has it.
func expiration(ttl time.Duration) int32 {
	s := adapterkit.Seconds(ttl)
	if s > longestRelative {
		s += time.Now().Unix()
	}
	return int32(min(s, math.MaxInt32))
}

// RawKey returns the key as it stands on the server, behind the namespace version
// that is read, or made if there is none.
func (a *Adapter) RawKey(ctx context.Context, key string) (string, error) {
	v, err := a.begin(ctx)
	if err == nil {
		var raw string
		if raw, err = a.raw(v, key); err == nil {
			return raw, nil
		}
	}
	return "", adapterkit.Error("key", []string{key}, err)
}

// VersionKey returns the key of the namespace version on its server. It sends no request.
func (a *Adapter) VersionKey() string { return a.versionKey }

// Servers returns those given to [New], or nil.
func (a *Adapter) Servers() *Servers { return a.servers }

// Close makes every later call [cache.ErrClosed]. The client stays open: who
// opens closes.
func (a *Adapter) Close() error {
	a.state.Close()
	return nil
}

// Ping implements [cache.Pinger]: every server answers, and the namespace
// version can be read.
func (a *Adapter) Ping(ctx context.Context) error {
	if _, err := a.begin(ctx); err != nil {
		return adapterkit.Error("ping", nil, err)
	}
	err := a.client.Ping()
	if err != nil && isLostConnection(err) {
		_ = a.client.Close() // connections that were idle for long
		err = a.client.Ping()
	}
	if err == nil {
		_, err = a.getItem(a.versionKey)
	}
	if err != nil {
		return adapterkit.Error("ping", nil, classify(err))
	}
	return nil
}

// MaxValueSize implements [cache.Limiter].
func (a *Adapter) MaxValueSize() int { return a.maxValue }

// begin returns the namespace version for a request, or why it must not be
// sent.
func (a *Adapter) begin(ctx context.Context) (string, error) {
	if err := a.state.Check(ctx); err != nil {
		return "", err
	}
	return a.version(ctx)
}

// content is the value of an item, nil for a miss and for an empty one.
func (a *Adapter) content(key string, item *memcache.Item) ([]byte, error) {
	if item == nil {
		return nil, nil
	}
	b, err := decodeString(item.Value, item.Flags, a.maxDecoded)
	switch {
	case err != nil:
		return nil, &cache.DecodeError{Key: key, Err: err}
	case len(b) == 0:
		return nil, nil
	}
	return b, nil
}
