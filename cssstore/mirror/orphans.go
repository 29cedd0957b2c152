package mirror

import (
	"context"
	"errors"
	"slices"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
)

// ErrNoProjects says that the list of projects is empty, which is more likely a mistake
// than the truth. Nothing is removed.
var ErrNoProjects = errors.New("no projects are known")

// RemoveOrphans deletes from a store what belongs to no project, as PHP leaves it
// behind when a project is deleted, and returns the identifiers. The function
// lists the projects; it is called before and after the store is read, so that
// a project that was made meanwhile keeps its CSS. An empty list is
// [ErrNoProjects], a store that cannot list [errors.ErrUnsupported].
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

// confirmedOrphans returns the orphans that are in none of two lists of projects,
// the second of which is read after the store.
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
