package cache

import (
	"context"
	"time"
)

// Adapter is one shared cache as the nodes of a cluster see it: keys and
// opaque bytes, no knowledge of PHP values. Implementations are safe for
// concurrent use and return by the deadline of the context; with a client
// library that knows no contexts a call may take as long as the client's own
// timeout. cachetest.Conformance checks an implementation, and package
// adapterkit has what adapters share.
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
	// It takes one round trip for any number of keys. Without keys it returns
	// an empty slice and sends no request.
	//
	// When only some keys can be read, Get returns what it has together with
	// an [*OpError] whose Keys are the ones that failed. The caller owns the
	// returned bytes; a key that is asked for twice gets two copies.
	Get(ctx context.Context, keys ...string) ([][]byte, error)

	// Set stores all items in one round trip, atomically where the backend
	// can, and keeps no reference to their bytes. Lifetimes are rounded up to what
	// the backend can tell apart. Of two items with the same key the last one
	// counts. If one item is refused, all earlier values stay.
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
