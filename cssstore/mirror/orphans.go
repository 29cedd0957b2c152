package mirror

import (
	"context"
	"errors"
	"slices"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
)

// ErrNoProjects is the error of [RemoveOrphans] for an empty list of projects, which
// would remove everything and is most likely a mistake. Nothing was removed.
// [Mirror.Sync] skips the removal then, without an error. For operators, "What can go
// wrong" in examples/deploy/README.md says what to do.
var ErrNoProjects = errors.New("no projects are known")

// RemoveOrphans deletes the CSS of projects that do not exist any more from a store,
// where PHP leaves it when a project is deleted, and returns their identifiers. The
// function lists the projects, such as the method UUIDs of a projectdb.DB. It is
// called before and after the store is read, so that a project that was created in the
// meantime keeps its CSS. Errors: [ErrNoProjects] if the list is empty,
// [errors.ErrUnsupported] if the store cannot list its projects, those of the function
// and the store.
func RemoveOrphans(ctx context.Context, s cssstore.Store, projects func(context.Context) ([]cssstore.UUID, error)) ([]cssstore.UUID, error) {
	known, err := listProjects(ctx, projects)
	if err != nil {
		return nil, err
	}
	found, err := confirmedOrphans(ctx, s, known, projects)
	if err != nil {
		return nil, err
	}
	for i, p := range found {
		if err := s.Delete(ctx, p); err != nil {
			return found[:i], err
		}
	}
	return found, nil
}

// confirmedOrphans returns what the store has of projects that are neither in the list
// nor in one that is read afterwards.
func confirmedOrphans(ctx context.Context, s cssstore.Store, known []cssstore.UUID, projects func(context.Context) ([]cssstore.UUID, error)) ([]cssstore.UUID, error) {
	found, err := orphans(ctx, s, known)
	if len(found) == 0 || err != nil {
		return nil, err
	}
	now, err := listProjects(ctx, projects)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(p cssstore.UUID) bool { return slices.Contains(now, p) }), nil
}

func listProjects(ctx context.Context, projects func(context.Context) ([]cssstore.UUID, error)) ([]cssstore.UUID, error) {
	all, err := projects(ctx)
	if err == nil && len(all) == 0 {
		err = ErrNoProjects
	}
	return all, operr.WrapAll("orphans", err)
}

// orphans returns what the store has of projects that are not in the list.
func orphans(ctx context.Context, s cssstore.Store, projects []cssstore.UUID) ([]cssstore.UUID, error) {
	known := make(map[cssstore.UUID]bool, len(projects))
	for _, p := range projects {
		known[p] = true
	}
	var found []cssstore.UUID
	for p, err := range cssstore.List(ctx, s) {
		if err != nil {
			return found, err
		}
		if !known[p] {
			found = append(found, p)
		}
	}
	return found, nil
}
