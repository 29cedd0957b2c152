package nodes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// Limits of a scan.
const (
	maxFiles = 20_000
	maxDepth = 32
	// maxPath is the length of the longest path in bytes.
	maxPath = 1024
)

var errTooMany = fmt.Errorf("it has more than %d files", maxFiles)

// found is a file that a scan has found.
type found struct {
	path     string
	size     int64
	modified time.Time
	// link is the target of a symbolic link, which is not followed.
	link   string
	isLink bool
}

// scan finds the files of a folder.
type scan struct {
	root    *os.Root
	leftOut func(name string) bool
	files   []found
}

// directory adds the files of a directory and of those below it.
func (s *scan) directory(ctx context.Context, dir string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: more than %d directories deep", dir, maxDepth)
	}
	d, err := sharedfiles.OpenFile(s.root, dir)
	if err != nil {
		return ignoreMissing(err)
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(500)
		for _, e := range entries {
			if err := s.entry(ctx, path.Join(dir, e.Name()), e.Type(), depth); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return ignoreMissing(err)
		}
	}
}

func (s *scan) entry(ctx context.Context, name string, kind fs.FileMode, depth int) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	switch {
	case s.leftOut(name):
		return nil
	case kind.IsDir():
		return s.directory(ctx, name, depth+1)
	case !kind.IsRegular() && kind&fs.ModeSymlink == 0:
		return nil // sockets and pipes have no content
	case len(s.files) == maxFiles:
		return errTooMany
	case len(name) > maxPath:
		return fmt.Errorf("a path is longer than %d bytes", maxPath)
	}
	info, err := s.root.Lstat(name)
	if err != nil {
		return ignoreMissing(err)
	}
	f := found{path: name, size: info.Size(), modified: info.ModTime(), isLink: info.Mode()&fs.ModeSymlink != 0}
	if f.isLink {
		if f.link, err = s.root.Readlink(name); err != nil {
			return ignoreMissing(err)
		}
	}
	s.files = append(s.files, f)
	return nil
}

// ignoreMissing returns nil for a file that was removed during the scan.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// describeError returns the text of an error of the file system, with the path below the
// folder only.
func describeError(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		name := p.Path
		if strings.HasPrefix(name, string(os.PathSeparator)) {
			name = path.Base(name)
		}
		return name + ": " + p.Err.Error()
	}
	return err.Error()
}
