package cssstore

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// Check compares a store with the hashes that mosparo has in its database: of
// every project its designConfigHash, zero for a project without. It changes
// nothing. A project without CSS in the store is [DriftMissing], one with
// another hash [DriftStale], one that the database does not know
// [DriftOrphaned], if the store can list, and one that is just being stored
// [DriftUnsettled]. What cannot be read is in the error, and does not keep it
// from the rest.
//
// The new bytes of the same design after an update of mosparo do not show:
// hashes cover the settings alone.
func Check(ctx context.Context, s Store, stored map[UUID]Hash) ([]Drift, error) {
	var found []Drift
	var errs []error
	projects := slices.SortedFunc(maps.Keys(stored), func(a, b UUID) int { return slices.Compare(a[:], b[:]) })
	for _, p := range projects {
		if err := context.Cause(ctx); err != nil {
			return found, err
		}
		want := stored[p]
		have, err := s.Hash(ctx, p)
		switch {
		case errors.Is(err, ErrUnsettled):
			found = append(found, Drift{Project: p, Kind: DriftUnsettled, Want: want})
		case errors.Is(err, ErrNotFound):
			if !want.IsZero() {
				found = append(found, Drift{Project: p, Kind: DriftMissing, Want: want})
			}
		case err != nil:
			errs = append(errs, err)
		case have != want:
			found = append(found, Drift{Project: p, Kind: DriftStale, Want: want, Have: have})
		}
	}
	orphans, err := Orphans(ctx, s, projects)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		errs = append(errs, err)
	}
	for _, p := range orphans {
		have, err := hashOrZero(ctx, s, p)
		if err != nil && !errors.Is(err, ErrUnsettled) {
			errs = append(errs, err)
		}
		found = append(found, Drift{Project: p, Kind: DriftOrphaned, Have: have})
	}
	return found, errors.Join(errs...)
}
