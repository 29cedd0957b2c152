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

	// Settled reports that CSS and Hash belong together. An unsettled pair may be
	// one half of a PHP node's two writes: serve it for a minute at most, and
	// ask again after [SettleTime]. Put ignores it.
	Settled bool
	// Source is what the CSS was made from, as far as the store keeps it. What
	// a PHP node stored has none.
	Source Source
	// Modified is when the version was stored, zero where the store does not
	// know. Put ignores it.
	Modified time.Time
	// Alias is zero, or a hash that the store has beside the same bytes: that
	// of a design which PHP stored later and which makes the same CSS, or that
	// of a PHP node's write which this version has run into. [Version] gives
	// the bytes under it, not settled. Put ignores it.
	Alias Hash
}

// Source is what a version was made from besides the settings that its hash
// covers. Texts longer than 100 bytes are refused.
type Source struct {
	// Base is a digest of the base CSS, in hexadecimal digits.
	Base string
	// Version is the version of mosparo.
	Version string
}

// SettleTime is the time between two reads of a pair of a PHP node after which
// the pair is settled. PHP writes the hash right after the CSS.
const SettleTime = 250 * time.Millisecond

// Check returns [ErrInvalid] for a version without hash and for a source that is
// too long. Every Put calls it first.
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
