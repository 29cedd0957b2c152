package cssstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cache/fileadapter/inherit"
	"github.com/mosparo/go-cluster/lock"
)

// Put implements [Store].
func (f *Files) Put(ctx context.Context, r Resource) error {
	err := r.Check()
	if err == nil {
		err = f.exclusively(ctx, filesLock(r.Project), func(ctx context.Context) error {
			return f.inRoot(ctx, func(root *os.Root) error { return f.put(root, &r) })
		})
	}
	if err == nil && f.mappings {
		err = f.changeMappings(ctx, func(m *mappings) { m.set(r.Project, r.Hash) })
	}
	if err == nil {
		f.pruneOne(ctx, r.Project)
	}
	return wrap("put", r.Project, err)
}

func filesLock(project UUID) string { return lock.ReservedPrefix + "cssfiles." + project.String() }

// exclusively runs do while no other Go writer is at work.
func (f *Files) exclusively(ctx context.Context, name string, do func(context.Context) error) error {
	if f.locker == nil {
		return do(ctx)
	}
	return f.locker.Do(ctx, name, do, lock.WithWait(lockWait), lock.WithLabel("store css"))
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
	name, err := writeTemporary(root, r.CSS, modified)
	if err != nil {
		return err
	}
	if err := moveInto(root, name, r.Project, cssPath(r.Project, r.Hash)); err != nil {
		_ = root.Remove(name)
		return err
	}
	return nil
}

// moveInto puts a finished file in place. A PHP node or a Delete may remove the
// folder at any moment.
func moveInto(root *os.Root, name string, project UUID, to string) error {
	var err error
	for range attempts {
		if err = inherit.Directories(root, project.String()); err != nil {
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
		err = f.exclusively(ctx, filesLock(project), func(ctx context.Context) error {
			return f.inRoot(ctx, func(root *os.Root) error { return removeFolder(root, project.String()) })
		})
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
func writeTemporary(root *os.Root, content []byte, modified time.Time) (name string, err error) {
	dir, err := root.Stat(".")
	if err != nil {
		return "", err
	}
	name = inherit.TemporaryName(time.Now())
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		file.Close() // a second Close does no harm
		if err != nil {
			_ = root.Remove(name)
		}
	}()
	if _, err := file.Write(content); err != nil {
		return "", err
	}
	if err := inherit.HandOver(root, file, name, dir, dir.Mode().Perm()&0o666); err != nil {
		return "", err
	}
	// A full disk or quota may show here only.
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return "", err
	}
	return name, root.Chtimes(name, modified, modified)
}
