package lock

import (
	"math"
	"time"
)

// minTTL is the shortest TTL after which a holder has any usable time left.
func (p Properties) minTTL() time.Duration {
	least := p.Margin + time.Millisecond
	if p.Shared {
		least += 2 * least / drift
	}
	return max(p.MinTTL, least)
}

// drift: the clocks of two machines may drift apart by one part in so many of a TTL
// while it passes.
const drift = 100

// trusted returns for how long a holder may count on a lease for which the server
// was asked to keep the name for ttl.
func (p Properties) trusted(ttl time.Duration) time.Duration {
	if p.Shared {
		return ttl - p.Margin - ttl/drift
	}
	return ttl - p.Margin
}

// covering is the inverse of trusted: it returns for how long the server is asked to
// keep a name that must stay held for d.
func (p Properties) covering(d time.Duration) time.Duration {
	d = min(d, math.MaxInt64/2) + p.Margin
	if p.Shared {
		d += d/(drift-1) + 1
	}
	return d
}
