package mirror

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mosparo/go-cluster/cssstore"
)

// Check compares a store with the hashes that mosparo has in its database: for
// every project its designConfigHash, zero for a project without. It changes
// nothing. A project without CSS in the store is [Missing], one with another
// hash [Stale], one that the database does not know [Orphaned], if the store can
// list, and one that is being stored [Unsettled]. A project that cannot be read
// is in the error, and the others are still compared.
//
// The new bytes of the same design after an update of mosparo do not show:
// hashes cover the settings alone.
func Check(ctx context.Context, s cssstore.Store, hashes map[cssstore.UUID]cssstore.Hash) ([]Drift, error) {
	var found []Drift
	var errs []error
	projects := slices.SortedFunc(maps.Keys(hashes), func(a, b cssstore.UUID) int { return slices.Compare(a[:], b[:]) })
	for _, p := range projects {
		if err := context.Cause(ctx); err != nil {
			return found, err
		}
		want := hashes[p]
		have, err := s.Hash(ctx, p)
		switch {
		case errors.Is(err, cssstore.ErrUnsettled):
			found = append(found, Drift{Project: p, Kind: Unsettled, Want: want})
		case errors.Is(err, cssstore.ErrNotFound):
			if !want.IsZero() {
				found = append(found, Drift{Project: p, Kind: Missing, Want: want})
			}
		case err != nil:
			errs = append(errs, err)
		case have != want:
			found = append(found, Drift{Project: p, Kind: Stale, Want: want, Have: have})
		}
	}
	orphaned, err := orphans(ctx, s, projects)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		errs = append(errs, err)
	}
	for _, p := range orphaned {
		have, err := hashOrZero(ctx, s, p)
		if err != nil && !errors.Is(err, cssstore.ErrUnsettled) {
			errs = append(errs, err)
		}
		found = append(found, Drift{Project: p, Kind: Orphaned, Have: have})
	}
	return found, errors.Join(errs...)
}
