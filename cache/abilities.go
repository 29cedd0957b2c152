package cache

import (
	"context"
	"iter"
	"time"
)

// The abilities below are optional: portable code asks an [Adapter] for them
// with a type assertion. One that an adapter has by its type and still cannot
// serve returns an error that unwraps to [errors.ErrUnsupported].
type (
	// Clearer removes the entries that the adapter was told to own, see
	// [KeyPatterns], and no others: a shared server may hold foreign data. It
	// returns how many entries it removed, -1 when the backend cannot count
	// them. An adapter that was told of no patterns removes nothing and
	// returns an error that unwraps to [errors.ErrUnsupported].
	Clearer interface {
		Clear(ctx context.Context) (int, error)
	}

	// Pinger reports whether the cache can be reached and used.
	Pinger interface {
		Ping(ctx context.Context) error
	}

	// Pruner removes expired entries that the backend does not remove itself
	// and returns how many it removed.
	Pruner interface {
		Prune(ctx context.Context) (int, error)
	}

	// Lister yields the keys with the prefix, in no particular order, each at
	// most once, until the first error.
	Lister interface {
		List(ctx context.Context, prefix string) iter.Seq2[string, error]
	}

	// Limiter returns the size in bytes of the largest value that Set takes, 0
	// for no limit.
	Limiter interface {
		MaxValueSize() int
	}

	// Expirer returns how much of an entry's lifetime is left, so that a copy
	// of it elsewhere ends no later. memcached cannot tell.
	Expirer interface {
		// GetWithTTL returns the value of one key (nil for an absent one, as
		// Get does) and what is left of its lifetime, 0 for an entry without
		// one.
		GetWithTTL(ctx context.Context, key string) (value []byte, ttl time.Duration, err error)
	}
)
