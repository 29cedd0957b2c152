package cache

import (
	"context"
	"iter"
	"time"
)

// Adapter is one shared cache as the nodes of a cluster see it: keys and
// opaque bytes, no knowledge of PHP values. Implementations are safe for
// concurrent use, return within the deadline of the context (or, where the
// client library knows no context, within the client's own timeout), and are
// proved by cachetest.Conformance.
//
// With a context that has ended, a call does nothing and returns an error that
// unwraps to that of the context, and after Close one that unwraps to
// [ErrClosed]; every error is an [*OpError]. Keys are not checked here: a Pool
// does that, see [ValidateKey].
//
// Most programs use a [Pool] and typed [Key] values over an Adapter.
type Adapter interface {
	// Get returns the stored bytes by position, nil for a key that is absent
	// or expired; a stored empty value counts as absent, as it does in Symfony.
	// It takes one round trip however many keys there are. Without keys it
	// returns an empty slice and asks nobody.
	//
	// When only some keys can be read, Get returns what it has together with
	// an [*OpError] whose Keys are the ones that failed. The caller owns the
	// returned bytes; a key that is asked for twice gets two copies.
	Get(ctx context.Context, keys ...string) ([][]byte, error)

	// Set stores all items in one round trip, atomically where the backend
	// can, and keeps no reference to their bytes. Lifetimes are rounded up to what
	// the backend can tell apart. Of two items with the same key the last one
	// counts. An item that is refused leaves the earlier value in place; see
	// [CheckItems].
	Set(ctx context.Context, items ...Item) error

	// Delete removes keys; an absent key is no error.
	Delete(ctx context.Context, keys ...string) error

	// Close releases what the adapter itself has started. The client given to
	// its constructor stays open: who opens closes. Closing twice is no error.
	Close() error
}

// Item is one value to store.
type Item struct {
	Key   string
	Value []byte
	// TTL is the lifetime; 0 means no expiry, a negative one is refused with
	// [ErrInvalidTTL].
	TTL time.Duration
}

// The abilities below are optional: portable code asks an [Adapter] for them
// with a type assertion.
type (
	// Clearer removes all entries that mosparo and this module own, and no
	// others: a shared server may hold foreign data. It returns how many
	// entries were removed, -1 when the backend cannot count them.
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

	// Lister yields the keys that begin with prefix, in no particular order,
	// each at most once, until the first error.
	Lister interface {
		List(ctx context.Context, prefix string) iter.Seq2[string, error]
	}

	// Limiter names the largest value in bytes that Set takes, 0 for no limit.
	Limiter interface {
		MaxValueSize() int
	}
)
