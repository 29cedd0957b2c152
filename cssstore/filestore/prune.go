package filestore

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
)

// Prune implements [cssstore.Pruner]. It removes the versions of all projects whose
// grace time is over, and temporary files of killed processes, and returns how many
// versions it removed. Put removes those versions of its project as well.
func (s *Store) Prune(ctx context.Context) (int, error) {
	n := 0
	err := s.inRoot(ctx, func(root *os.Root) error {
		p := pruning{store: s, root: root, now: time.Now()}
		all, err := projectFolders(root)
		if err != nil {
			return err
		}
		for _, project := range all {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n += p.prune(ctx, project)
		}
		return sharedfiles.RemoveLeftOvers(root, ".")
	})
	return n, operr.WrapAll("prune", err)
}

// pruneOne removes old versions of one project. Errors only go to the log, since old
// versions do no harm.
func (s *Store) pruneOne(ctx context.Context, project cssstore.UUID) {
	err := s.inRoot(ctx, func(root *os.Root) error {
		p := pruning{store: s, root: root, now: time.Now()}
		p.prune(ctx, project)
		return nil
	})
	s.logPruneError(ctx, project, err)
}

func (s *Store) logPruneError(ctx context.Context, project cssstore.UUID, err error) {
	if err != nil {
		s.logger.WarnContext(ctx, "cannot remove old css", slog.String("project", project.String()), slog.Any("error", err))
	}
}

// pruning is one pass that removes old versions.
type pruning struct {
	store *Store
	root  *os.Root
	now   time.Time
	// mapped are the paths below public/resources in mappings.php, nil until it is
	// read.
	mapped map[string]bool
}

// prune removes the versions of a project that were replaced longer ago than the grace
// time, and returns how many.
func (p *pruning) prune(ctx context.Context, project cssstore.UUID) int {
	old, err := p.removable(project)
	n := 0
	if len(old) > 0 && err == nil {
		n, err = p.remove(project)
	}
	p.store.logPruneError(ctx, project, err)
	return n
}

// removable returns the versions of a project that may be removed.
func (p *pruning) removable(project cssstore.UUID) ([]cssFile, error) {
	all, err := versions(p.root, project)
	var old []cssFile
	for i := 1; i < len(all); i++ {
		if p.store.grace <= 0 || p.now.Sub(all[i-1].modified) >= p.store.grace {
			old = append(old, all[i])
		}
	}
	if len(old) == 0 || err != nil {
		return nil, err
	}
	if p.mapped == nil {
		if p.mapped, err = mappedPaths(p.root); err != nil {
			return nil, err
		}
	}
	// PHP redirects to the mapped version even if there is a newer one.
	return slices.DeleteFunc(old, func(c cssFile) bool { return p.mapped[c.path(project)] }), nil
}

func (p *pruning) remove(project cssstore.UUID) (n int, err error) {
	old, err := p.removable(project)
	for _, c := range old {
		name := c.path(project)
		fi, statErr := p.root.Lstat(name)
		if statErr != nil || !fi.ModTime().Equal(c.modified) {
			continue // another process has just stored it again
		}
		removed, removeErr := sharedfiles.RemoveSame(p.root, name, fi)
		if removed {
			n++
		}
		if removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
			err = removeErr
		}
	}
	return n, err
}

// mappedPaths returns the paths below public/resources in mappings.php, without a
// prefix of mosparo.
func mappedPaths(root *os.Root) (map[string]bool, error) {
	m, err := readMappings(root)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, e := range m.array.Elements {
		to, ok := e.Value.(string)
		if i := strings.LastIndex(to, resourcesPath); ok && i >= 0 {
			all[to[i+len(resourcesPath):]] = true
		}
	}
	return all, nil
}
