package adapterkit

import (
	"errors"
	"fmt"

	"github.com/mosparo/go-cluster/cache"
)

// CheckOwned returns an error that unwraps to [errors.ErrUnsupported] if there
// are no patterns: an adapter that was not told which entries it owns removes
// none.
func CheckOwned(owned cache.KeyPatterns) error {
	if len(owned) == 0 {
		return fmt.Errorf("%w: the adapter was not told which keys it owns, see WithOwned", errors.ErrUnsupported)
	}
	return nil
}
