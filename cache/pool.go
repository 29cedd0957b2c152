package cache

import (
	"context"
	"log/slog"
)

// Pool is a PSR-6 style cache pool: an [Adapter] whose values are PHP values.
// It checks keys and sizes before anything is sent, and decodes nothing but
// plain data. Typed access is through [Key], [Read] and [Write]. A Pool is
// safe for concurrent use.
type Pool struct {
	adapter  Adapter
	maxValue int
	logger   *slog.Logger
}

// Option changes a default of [NewPool].
type Option func(*Pool)

// DefaultMaxValueSize is the default limit in bytes for a serialized value,
// read or written.
const DefaultMaxValueSize = 16 << 20

// WithMaxValueSize limits the serialized values that the pool reads and
// writes; a larger one is [ErrTooLarge]. The default is
// [DefaultMaxValueSize].
func WithMaxValueSize(bytes int) Option {
	return func(p *Pool) { p.maxValue = bytes }
}

// WithLogger logs what an operator must see, once and not per request. The
// default logs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(p *Pool) { p.logger = l }
}

// NewPool returns a pool over the adapter.
func NewPool(a Adapter, opts ...Option) *Pool {
	p := &Pool{adapter: a, maxValue: DefaultMaxValueSize, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o(p)
	}
	return p
}

// Adapter returns the adapter below the pool, for its optional abilities.
func (p *Pool) Adapter() Adapter { return p.adapter }

// Delete removes keys in one round trip; an absent key is no error.
func (p *Pool) Delete(ctx context.Context, keys ...string) error {
	for _, k := range keys {
		if err := ValidateKey(k); err != nil {
			return err
		}
	}
	return p.adapter.Delete(ctx, keys...)
}

// get returns the raw bytes by position after checking keys and sizes.
func (p *Pool) get(ctx context.Context, keys ...string) ([][]byte, error) {
	for _, k := range keys {
		if err := ValidateKey(k); err != nil {
			return nil, err
		}
	}
	return p.adapter.Get(ctx, keys...)
}
