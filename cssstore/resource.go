package cssstore

import (
	"fmt"
	"time"
)

// Resource is one version of a project's prepared CSS.
type Resource struct {
	Project UUID
	// Hash is that of the design that the CSS was made from.
	Hash Hash
	CSS  []byte

	// Settled reports whether CSS and Hash are known to belong together. If not, the
	// two may come from different versions, because a PHP node has finished only
	// one of its two writes: let caches keep such CSS for a minute at most, and read
	// it again after [SettleTime]. Put ignores Settled.
	Settled bool
	// Source is what the CSS was made from, if the store keeps that. CSS of PHP nodes
	// has none.
	Source Source
	// Modified is when the version was stored, zero if that is unknown. Put ignores
	// it.
	Modified time.Time
	// Alias is a second hash that the store has for these bytes, usually zero. PHP
	// has written it after a Go node wrote the CSS: either for another design that
	// makes the same CSS, or in a write that overlapped with the Go node's.
	// [Version] returns the bytes for it, too, as not settled. Put ignores Alias.
	Alias Hash
}

// Source is what a version was made from besides the settings, which its hash covers.
// Each text has 100 bytes at most; see [Resource.Check].
type Source struct {
	// Base is a digest of the base CSS, in hexadecimal digits.
	Base string
	// Version is the version of mosparo.
	Version string
}

// SettleTime is for how long CSS and hash of a PHP node have to stay the same to
// count as settled. PHP writes the hash right after the CSS.
const SettleTime = 250 * time.Millisecond

// Check returns [ErrInvalid] for a version without a hash or with a source that is too
// long. Implementations of [Store] call it first in Put.
func (r *Resource) Check() error {
	const longest = 100
	switch {
	case r.Hash.IsZero():
		return fmt.Errorf("%w: no hash", ErrInvalid)
	case len(r.Source.Base) > longest || len(r.Source.Version) > longest:
		return fmt.Errorf("%w: source of more than %d bytes", ErrInvalid, longest)
	}
	return nil
}
