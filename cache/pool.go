package cache

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// Pool is a PSR-6 style cache pool: an [Adapter] whose values are PHP values.
// It checks keys and sizes before anything is sent, and decodes nothing but
// plain data. Typed access is through [Key], [Read] and [Write]. A Pool is
// safe for concurrent use. Make one with [NewPool]; the zero value has no adapter
// and its methods panic.
type Pool struct {
	adapter  Adapter
	maxValue int
	observer Observer
	outages  outageLog
	loads    loads
}

// Option changes a default of [NewPool].
type Option func(*Pool)

// DefaultMaxValueSize is the default limit in bytes for a serialized value,
// read or written.
const DefaultMaxValueSize = 16 << 20

// WithMaxValueSize limits the serialized values that the pool reads and
// writes; a larger one is [ErrTooLarge]. The default, and 0, is
// [DefaultMaxValueSize]; a negative size panics. math.MaxInt is no limit. An
// adapter may have a lower limit of its own, see [Limiter].
func WithMaxValueSize(bytes int) Option {
	if bytes < 0 {
		panic("cache: WithMaxValueSize: bytes is negative")
	}
	return func(p *Pool) { p.maxValue = cmp.Or(bytes, DefaultMaxValueSize) }
}

// WithLogger logs outages, each once when it begins and once when it ends, and
// not more than one a minute for the same reason; and once for each key that
// its entry cannot be decoded or is too large. The default, and nil, log
// nothing.
func WithLogger(l *slog.Logger) Option {
	return func(p *Pool) {
		if l != nil {
			p.outages.logger = l
		}
	}
}

// NewPool returns a pool over the adapter. It sends nothing, and there is
// nothing to close but the adapter, which is left to the caller. A nil adapter
// or option panics.
func NewPool(a Adapter, opts ...Option) *Pool {
	if a == nil {
		panic("cache: NewPool: a is nil")
	}
	p := &Pool{adapter: a, maxValue: DefaultMaxValueSize, outages: outageLog{logger: slog.New(slog.DiscardHandler)}}
	for _, o := range opts {
		if o == nil {
			panic("cache: NewPool: opts has a nil Option")
		}
		o(p)
	}
	return p
}

// Adapter returns the adapter below the pool, for its optional abilities.
func (p *Pool) Adapter() Adapter { return p.adapter }

// Delete removes keys in one round trip; an absent key is no error.
func (p *Pool) Delete(ctx context.Context, keys ...string) error {
	start := p.start()
	for _, k := range keys {
		if err := ValidateKey(k); err != nil {
			p.observe(ctx, OpDelete, k, err, start)
			return err
		}
	}
	err := p.adapter.Delete(ctx, keys...)
	p.observeEach(ctx, OpDelete, keys, err, start)
	return err
}

// get returns the raw bytes by position after checking the keys.
func (p *Pool) get(ctx context.Context, keys ...string) ([][]byte, error) {
	for _, k := range keys {
		if err := ValidateKey(k); err != nil {
			return nil, err
		}
	}
	return p.adapter.Get(ctx, keys...)
}

// set stores items that [Entry.item] has made.
func (p *Pool) set(ctx context.Context, items []Item, start time.Time) error {
	err := p.adapter.Set(ctx, items...)
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = items[i].Key
	}
	p.observeEach(ctx, OpSet, keys, err, start)
	return err
}
