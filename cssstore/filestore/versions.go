package filestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
)

// cssFile is the file of one version.
type cssFile struct {
	hash     cssstore.Hash
	modified time.Time
}

func (c cssFile) path(project cssstore.UUID) string { return cssPath(project, c.hash) }

func cssPath(project cssstore.UUID, hash cssstore.Hash) string {
	return project.String() + "/" + hash.String() + ".css"
}

// choose selects one of the versions; false if none fits.
type choose func([]cssFile) (cssFile, bool)

func newest(all []cssFile) (cssFile, bool) {
	if len(all) == 0 {
		return cssFile{}, false
	}
	return all[0], true
}

// versions returns the files of a project, the newest first. Files of the same age are
// in the order of their names, so that all nodes return the same.
func versions(root *os.Root, project cssstore.UUID) ([]cssFile, error) {
	entries, err := readDir(root, project.String())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []cssFile
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".css")
		hash, notHash := cssstore.ParseHash(name)
		if !ok || notHash != nil || !e.Type().IsRegular() {
			continue
		}
		fi, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		all = append(all, cssFile{hash: hash, modified: fi.ModTime()})
	}
	slices.SortFunc(all, func(a, b cssFile) int {
		return cmp.Or(b.modified.Compare(a.modified), slices.Compare(b.hash[:], a.hash[:]))
	})
	return all, err
}

// find chooses a version and calls do with it. While the directory is read, one version
// may be removed and another added without either showing: an empty result counts only
// if it is repeated.
func (s *Store) find(ctx context.Context, project cssstore.UUID, which choose, do func(*os.Root, cssFile) error) error {
	return s.inRoot(ctx, func(root *os.Root) error {
		for range attempts {
			all, err := versions(root, project)
			if err != nil {
				return err
			}
			c, ok := which(all)
			if !ok {
				if _, err := root.Stat(project.String()); err != nil {
					break // not even a directory
				}
				continue
			}
			if err = do(root, c); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return cssstore.ErrNotFound
	})
}

func (s *Store) read(ctx context.Context, project cssstore.UUID, which choose) (r cssstore.Resource, err error) {
	err = s.find(ctx, project, which, func(root *os.Root, c cssFile) (err error) {
		r, err = readVersion(root, project, c)
		return err
	})
	return r, err
}

// maxFile limits the size of the files that are read, in bytes.
const maxFile = cache.DefaultMaxValueSize

func readVersion(root *os.Root, project cssstore.UUID, c cssFile) (cssstore.Resource, error) {
	file, err := sharedfiles.OpenFile(root, c.path(project))
	if err != nil {
		return cssstore.Resource{}, err
	}
	defer file.Close()
	css, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(css) > maxFile {
		err = fmt.Errorf("%w: file of more than %d bytes", cache.ErrTooLarge, maxFile)
	}
	return cssstore.Resource{Project: project, Hash: c.hash, CSS: css, Settled: true, Modified: c.modified}, err
}
