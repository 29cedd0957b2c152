package cssstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// Put implements [Store].
func (f *Files) Put(ctx context.Context, r Resource) error {
	err := r.Check()
	if err == nil {
		err = f.inRoot(ctx, func(root *os.Root) error { return f.put(root, &r) })
	}
	if err == nil && f.mappings {
		err = f.changeMappings(ctx, func(m *mappings) { m.set(r.Project, r.Hash) })
	}
	if err == nil {
		f.pruneOne(ctx, r.Project)
	}
	return wrap("put", r.Project, err)
}

func (f *Files) put(root *os.Root, r *Resource) error {
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
	if now := time.Now(); f.sweeper.Due(now) {
		_ = sharedfiles.RemoveLeftOvers(root, ".", now) // the disk may be full of them
	}
	name, err := f.writeTemporary(root, r.CSS, modified)
	if err != nil {
		return err
	}
	if err := f.moveInto(root, name, r.Project, cssPath(r.Project, r.Hash)); err != nil {
		_ = root.Remove(name)
		return err
	}
	return nil
}

// moveInto puts a finished file in place. A PHP node or a Delete may remove the
// folder at any moment.
func (f *Files) moveInto(root *os.Root, name string, project UUID, to string) error {
	var err error
	for range attempts {
		if err = f.folder().MakeDirs(root, project.String()); err != nil {
			return err
		}
		if err = root.Rename(name, to); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// Delete implements [Store]: it removes the folder with all that is in it, and
// with [WithMappings] the entry there before.
func (f *Files) Delete(ctx context.Context, project UUID) error {
	var err error
	if f.mappings {
		err = f.changeMappings(ctx, func(m *mappings) { m.remove(project) })
	}
	if err == nil {
		err = f.inRoot(ctx, func(root *os.Root) error { return removeFolder(root, project.String()) })
	}
	return wrap("delete", project, err)
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

// writeTemporary writes a file in the folder of all projects: in that of its
// own a PHP node would remove it. It is complete, on the disk, and has its
// final mode, owner and modification time.
func (f *Files) writeTemporary(root *os.Root, content []byte, modified time.Time) (name string, err error) {
	return f.folder().WriteTemporary(root, ".", modified, func(file *os.File) error {
		if _, err := file.Write(content); err != nil {
			return err
		}
		return file.Sync()
	})
}
