package cssstore

import (
	"context"
	"errors"
	"slices"
)

// ErrNoProjects says that something was to be removed for not being of any
// project, and the list of projects was empty: that is more likely a mistake
// than the truth.
var ErrNoProjects = errors.New("no projects are known")

// Orphans are the projects of which the store has something and which are not
// in the list: what PHP leaves behind when a project is deleted. A store that
// cannot list gives [errors.ErrUnsupported].
func Orphans(ctx context.Context, s Store, projects []UUID) ([]UUID, error) {
	known := make(map[UUID]bool, len(projects))
	for _, p := range projects {
		known[p] = true
	}
	var orphans []UUID
	for p, err := range List(ctx, s) {
		if err != nil {
			return orphans, err
		}
		if !known[p] {
			orphans = append(orphans, p)
		}
	}
	return orphans, nil
}

// RemoveOrphans deletes what belongs to no project, and returns what it has
// deleted. The function lists the projects: it is asked before and after the
// store, so that what was stored for a project which was made meanwhile stays.
// An empty list is [ErrNoProjects].
func RemoveOrphans(ctx context.Context, s Store, projects func(context.Context) ([]UUID, error)) ([]UUID, error) {
	known, err := projects(ctx)
	if err == nil && len(known) == 0 {
		err = ErrNoProjects
	}
	if err != nil {
		return nil, wrapAll("orphans", err)
	}
	orphans, err := sureOrphans(ctx, s, known, projects)
	if err != nil {
		return nil, err
	}
	for i, p := range orphans {
		if err := s.Delete(ctx, p); err != nil {
			return orphans[:i], err
		}
	}
	return orphans, nil
}

// sureOrphans are those that are in none of two lists of projects, the second
// of which is read after the store.
func sureOrphans(ctx context.Context, s Store, known []UUID, projects func(context.Context) ([]UUID, error)) ([]UUID, error) {
	found, err := Orphans(ctx, s, known)
	if len(found) == 0 || err != nil {
		return nil, err
	}
	now, err := projects(ctx)
	if err == nil && len(now) == 0 {
		err = ErrNoProjects
	}
	if err != nil {
		return nil, wrapAll("orphans", err)
	}
	return slices.DeleteFunc(found, func(p UUID) bool { return slices.Contains(now, p) }), nil
}
