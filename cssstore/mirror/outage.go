package mirror

import (
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore/internal/lockwait"
)

// maxOutage is how long requests that end in [cache.ErrUnavailable] may take
// together. Where a server hangs, each takes a timeout.
const maxOutage = 2 * time.Second

// outage adds up what requests took that found a server unavailable.
type outage struct{ spent time.Duration }

// add counts a request that began at the given time and ended with err, and
// reports whether the limit is reached.
func (o *outage) add(err error, began time.Time) bool {
	if !errors.Is(err, cache.ErrUnavailable) || lockwait.IsHeld(err) {
		return false
	}
	o.spent += time.Since(began)
	return o.spent >= maxOutage
}

// err says that the rest of the projects was left out.
func (o *outage) err(rest int) error {
	return fmt.Errorf("mirror: %d projects were not compared: requests failed for %v", rest, o.spent)
}
