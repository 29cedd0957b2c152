package mirror

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Check compares a store with the hashes that mosparo has in its database, and
// changes nothing. The map has every project of the database with its
// designConfigHash, which is zero for a project without one. What Check finds is
//
//   - [Missing]: the store has no CSS of the project;
//   - [Stale]: it has another hash;
//   - [Unsettled]: the project is being stored;
//   - [Orphaned]: the database does not know the project. A store that cannot list
//     its projects shows none of these.
//
// A project that cannot be read is in the error, and the others are still
// compared, until failed requests have used two seconds in total (those that ended
// in cache.ErrUnavailable): a server that hangs would cost a timeout for each project.
//
// A hash covers the settings alone, so that Check does not see old bytes of the
// same design after an update of mosparo.
func Check(ctx context.Context, s cssstore.Store, hashes map[cssstore.UUID]cssstore.Hash) ([]Drift, error) {
	var found []Drift
	var errs []error
	var out outage
	projects := slices.SortedFunc(maps.Keys(hashes), func(a, b cssstore.UUID) int { return slices.Compare(a[:], b[:]) })
	for i, p := range projects {
		if err := context.Cause(ctx); err != nil {
			return found, err
		}
		began := time.Now()
		d, err := compareHash(ctx, s, p, hashes[p])
		if d != nil {
			found = append(found, *d)
		}
		if err != nil {
			errs = append(errs, err)
		}
		if rest := len(projects) - i - 1; out.add(err, began) && rest > 0 {
			return found, errors.Join(append(errs, out.err(rest))...)
		}
	}
	orphaned, err := orphanedDrift(ctx, s, projects)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		errs = append(errs, err)
	}
	return append(found, orphaned...), errors.Join(errs...)
}

// compareHash compares the hash of one project; nil means no difference.
func compareHash(ctx context.Context, s cssstore.Store, p cssstore.UUID, want cssstore.Hash) (*Drift, error) {
	have, err := s.Hash(ctx, p)
	switch {
	case errors.Is(err, cssstore.ErrUnsettled):
		return &Drift{Project: p, Kind: Unsettled, Want: want}, nil
	case errors.Is(err, cssstore.ErrNotFound) && want.IsZero():
		return nil, nil
	case errors.Is(err, cssstore.ErrNotFound):
		return &Drift{Project: p, Kind: Missing, Want: want}, nil
	case err != nil:
		return nil, err
	case have != want:
		return &Drift{Project: p, Kind: Stale, Want: want, Have: have}, nil
	}
	return nil, nil
}

// orphanedDrift returns what the store has of projects that are not in the list,
// with the hashes, as far as an outage lets them be read.
func orphanedDrift(ctx context.Context, s cssstore.Store, projects []cssstore.UUID) ([]Drift, error) {
	orphaned, err := orphans(ctx, s, projects)
	found, errs := []Drift{}, []error{err}
	var out outage
	isOut := false
	for _, p := range orphaned {
		d := Drift{Project: p, Kind: Orphaned}
		if !isOut {
			began := time.Now()
			if d.Have, err = hashOrZero(ctx, s, p); err != nil && !errors.Is(err, cssstore.ErrUnsettled) {
				errs = append(errs, err)
			}
			isOut = out.add(err, began)
		}
		found = append(found, d)
	}
	return found, errors.Join(errs...)
}
