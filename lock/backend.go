package lock

import (
	"context"
	"iter"
	"time"
)

// Backend is compare-and-set on one name, on some server. It does no waiting,
// no renewal and makes no tokens: [Locker] does, the same for all backends.
// Implementations are safe for concurrent use and proved by
// locktest.Conformance.
type Backend interface {
	// Acquire takes the name for ttl if it is free. It sends a request
	// once and never repeats it by itself. A name that is held gives
	// [*HeldError], and what this backend cannot keep [*ArgumentError], before
	// anything is sent. Any other error is ambiguous: the claim may have been
	// taken, and the Locker asks again with the claim's token, or undoes it by
	// Release. The same token acquiring again while it holds the name is
	// granted, with the same fence and a new ttl. With a context that has ended,
	// it takes nothing.
	//
	// fence is larger than that of every earlier holder of the name as far as
	// [Properties] promise; 0 from a backend without fencing.
	Acquire(ctx context.Context, name string, claim Claim, ttl time.Duration) (fence uint64, err error)

	// Renew sets the remaining lifetime to ttl if token holds the name, else
	// returns [ErrLost].
	Renew(ctx context.Context, name string, token Token, ttl time.Duration) error

	// Release frees the name if token holds it, else returns [ErrLost].
	Release(ctx context.Context, name string, token Token) error

	// Holder returns who holds the name, or [ErrNotHeld].
	Holder(ctx context.Context, name string) (Holder, error)

	// Properties returns what the backend promises, the same at any time. It
	// sends no request.
	Properties() Properties
}

// Claim is what an acquirer stores with the name.
type Claim struct {
	Token Token
	Owner Owner
	// Unfenced: no fence is needed. The backend draws none, returns 0, and
	// keeps nothing of the name beyond ttl. Such a claim is never renewed; the
	// same token may acquire again. A name is claimed with fences always or
	// never.
	Unfenced bool
}

// Token is the secret of one acquisition: random, 22 characters of
// [A-Za-z0-9_-], never used twice. The holder of a name is the one who knows its
// token.
type Token string

// IsValid reports whether t has the length of a token. It is fixed, so that a
// backend that compares by prefix takes no token for another.
func (t Token) IsValid() bool { return len(t) == tokenLength }

const tokenLength = 22

// Owner describes the holder to people; nothing depends on it.
type Owner struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Label string    `json:"label,omitempty"`
	Since time.Time `json:"since"`
}

// Holder is who holds a name.
type Holder struct {
	Name  string
	Owner Owner
	// Token identifies the acquisition, and is all that a release needs.
	Token Token
	// Fence is the fencing token, 0 where unknown.
	Fence uint64
	// TTL is what remains, 0 where the backend cannot tell.
	TTL time.Duration
}

// Properties are what a backend promises. The zero value promises nothing.
type Properties struct {
	// Exclusive: two tokens never hold one name at the same time while the
	// server keeps its data. False for a cache that may evict a lock.
	Exclusive bool
	// Shared: the lock holds between processes (false for memory), so
	// that it can be the lock of a cluster if all nodes use the same server.
	Shared bool
	// Fencing: fences rise strictly while the server keeps its data.
	Fencing bool
	// MinTTL is the shortest lifetime that the backend can keep.
	MinTTL time.Duration
	// Margin is how much sooner than the ttl a holder must stop counting on
	// the lease (coarse clocks of the server). Where Shared is set, the
	// [Locker] adds a hundredth of the ttl, for clocks that drift apart.
	Margin time.Duration
}

// The abilities below are optional: portable code asks a [Backend] for them
// with a type assertion.
type (
	// Lister yields all held names, in no particular order.
	Lister interface {
		Holders(ctx context.Context) iter.Seq2[Holder, error]
	}
	// Breaker frees a name without its token; a free name gives [ErrNotHeld].
	Breaker interface {
		Break(ctx context.Context, name string) error
	}
)
