package filestore

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
)

func (s *Store) put(root *os.Root, r *cssstore.Resource) error {
	all, err := versions(root, r.Project)
	if err != nil {
		return err
	}
	// The new version is the newest whatever the clocks of other nodes say and
	// however coarse the times of the file system are.
	modified := time.Now()
	for _, c := range all {
		if least := c.modified.Add(time.Second); c.hash != r.Hash && modified.Before(least) {
			modified = least
		}
	}
	if now := time.Now(); s.sweeper.Due(now) {
		_ = sharedfiles.RemoveLeftOvers(root, ".") // the disk may be full of them
	}
	name, err := s.writeTemporary(root, r.CSS, modified)
	if err != nil {
		return err
	}
	if err := s.moveInto(root, name, r.Project, cssPath(r.Project, r.Hash)); err != nil {
		_ = root.Remove(name)
		return err
	}
	return nil
}

// writeTemporary writes a file in the folder of all projects: in that of its
// own a PHP node would remove it. It is complete, on the disk, and has its
// final mode, owner and modification time.
func (s *Store) writeTemporary(root *os.Root, content []byte, modified time.Time) (name string, err error) {
	return s.folder().WriteTemporary(root, ".", modified, func(file *os.File) error {
		if _, err := file.Write(content); err != nil {
			return err
		}
		return file.Sync()
	})
}

// moveInto puts a finished file in place. A PHP node or a Delete may remove the
// folder at any moment.
func (s *Store) moveInto(root *os.Root, name string, project cssstore.UUID, to string) error {
	var err error
	for range attempts {
		if err = s.folder().MakeDirs(root, project.String()); err != nil {
			return err
		}
		if err = root.Rename(name, to); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// removeFolder tries again when a PHP node has put something in meanwhile.
func removeFolder(root *os.Root, name string) error {
	var err error
	for range attempts {
		if err = root.RemoveAll(name); err == nil {
			return nil
		}
	}
	return err
}
