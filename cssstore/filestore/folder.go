package filestore

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
)

// attempts is how often an operation is tried if PHP nodes or other machines interfere.
const attempts = 3

// folder returns the folder of the store. PHP's user is the owner of mosparo's
// directory, two levels above public/resources.
func (s *Store) folder() sharedfiles.Folder {
	folder := sharedfiles.Folder{Path: s.dir}
	if public := filepath.Dir(filepath.Clean(s.dir)); filepath.Base(s.dir) == "resources" && filepath.Base(public) == "public" {
		folder.OwnerOf = filepath.Dir(public)
	}
	return folder
}

// inRoot runs do with the directory of the store. [os.Root] keeps it from following
// symbolic links out of the directory, which PHP's user may have created: the process may
// be root. do is run again if another machine replaced a file on NFS in the middle.
func (s *Store) inRoot(ctx context.Context, do func(*os.Root) error) error {
	var err error
	for range attempts {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err = s.once(do); !sharedfiles.IsStale(err) {
			break
		}
	}
	return classify(err)
}

func (s *Store) once(do func(*os.Root) error) error {
	root, err := s.folder().Open()
	if err != nil {
		return err
	}
	defer root.Close()
	return do(root)
}

// projectFolders returns the projects that have a directory in root.
func projectFolders(root *os.Root) ([]cssstore.UUID, error) {
	entries, err := readDir(root, ".")
	var all []cssstore.UUID
	for _, e := range entries {
		if project, err := cssstore.ParseUUID(e.Name()); err == nil && e.IsDir() {
			all = append(all, project)
		}
	}
	return all, err
}

func readDir(root *os.Root, name string) ([]fs.DirEntry, error) {
	dir, err := sharedfiles.OpenFile(root, name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadDir(-1)
}
