package cssstore

import (
	"context"
	"errors"
	"fmt"
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

// RemoveOrphans deletes what [Orphans] finds, and returns what it has deleted.
// An empty list of projects is [ErrNoProjects]. A project that was created after
// the list was read is taken for an orphan, and has to be prepared again.
func RemoveOrphans(ctx context.Context, s Store, projects []UUID) ([]UUID, error) {
	if len(projects) == 0 {
		return nil, fmt.Errorf("cssstore: orphans: %w", ErrNoProjects)
	}
	orphans, err := Orphans(ctx, s, projects)
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
