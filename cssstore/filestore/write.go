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
	// The new version has to be the newest file, also if clocks of nodes differ or the
	// file system stores times to the second.
	modified := time.Now()
	for _, c := range all {
		if next := c.modified.Add(time.Second); c.hash != r.Hash && modified.Before(next) {
			modified = next
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

// writeTemporary writes a complete file, synced to disk, with its final mode, owner and
// modification time. It is in the directory of all projects, since PHP nodes remove any
// file from that of a project.
func (s *Store) writeTemporary(root *os.Root, content []byte, modified time.Time) (name string, err error) {
	return s.folder().WriteTemporary(root, ".", modified, func(file *os.File) error {
		if _, err := file.Write(content); err != nil {
			return err
		}
		return file.Sync()
	})
}

// moveInto renames a temporary file. It tries again if a PHP node or a Delete has
// removed the directory in the meantime.
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

// removeFolder removes a directory. It tries again if a PHP node has added a file in the
// meantime.
func removeFolder(root *os.Root, name string) error {
	var err error
	for range attempts {
		if err = root.RemoveAll(name); err == nil {
			return nil
		}
	}
	return err
}
