package sharedfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks bounds a chain of links, as systems do.
const maxLinks = 40

// errReplaced: another process replaced a directory while it was opened.
var errReplaced = errors.New("was replaced meanwhile")

var errNotDirectory = errors.New("not a directory")

// place is a directory on the path, by its real path.
type place struct {
	path string
	// root is nil for a directory that may be passed but not read; err says so.
	root *os.Root
	err  error
}

func (p place) lstat(name string) (fs.FileInfo, error) {
	if p.root == nil {
		return os.Lstat(filepath.Join(p.path, name))
	}
	return p.root.Lstat(name)
}

func (p place) readlink(name string) (string, error) {
	if p.root == nil {
		return os.Readlink(filepath.Join(p.path, name))
	}
	return p.root.Readlink(name)
}

// enter opens the directory that seen is, and nothing that took its place. What
// is none is not opened.
func (p place) enter(name string, seen fs.FileInfo) (place, error) {
	next := place{path: filepath.Join(p.path, name)}
	if !seen.IsDir() {
		return next, &fs.PathError{Op: "open", Path: next.path, Err: errNotDirectory}
	}
	// With the dot nothing but a directory is opened: a pipe that took its place
	// meanwhile would be waited for.
	if p.root == nil {
		next.root, next.err = os.OpenRoot(next.path + "/.")
	} else {
		next.root, next.err = p.root.OpenRoot(name + "/.")
	}
	if next.err != nil {
		next.root = nil
		if errors.Is(next.err, fs.ErrPermission) {
			return next, nil
		}
		return next, next.err
	}
	is, err := next.root.Stat(".")
	if err == nil && !os.SameFile(seen, is) {
		err = &fs.PathError{Op: "open", Path: next.path, Err: errReplaced}
	}
	if err != nil {
		next.root.Close()
	}
	return next, err
}

// way is the state of a walk: the directories from the top to where it is, and
// the names that are left to go.
type way struct {
	places []place
	rest   []string
	links  int
}

func (w *way) at() place { return w.places[len(w.places)-1] }

// up goes back until n places are left.
func (w *way) up(n int) {
	for len(w.places) > n {
		if root := w.at().root; root != nil {
			root.Close()
		}
		w.places = w.places[:len(w.places)-1]
	}
}

// maxWalks is how often a walk begins anew when something was replaced on its
// way, as a deployment tool replaces a link.
const maxWalks = 5

// walk goes to the directory of the folder, from the top of the file system. If
// names at the end are missing it stops at the last directory that is there, and
// returns those. forWriting also refuses directories that other users have made
// in open ones. The caller closes the way.
func (f Folder) walk(forWriting bool) (w *way, missing string, err error) {
	for range maxWalks {
		w, missing, err = f.walkOnce(forWriting)
		if !errors.Is(err, errReplaced) {
			break
		}
	}
	return w, missing, err
}

func (f Folder) walkOnce(forWriting bool) (w *way, missing string, err error) {
	w, err = begin(f.Path)
	if err != nil {
		return nil, "", err
	}
	for len(w.rest) > 0 {
		seen, err := w.next()
		if errors.Is(err, fs.ErrNotExist) {
			if missing, err = w.missing(); err == nil {
				return w, missing, nil
			}
		}
		if err == nil && seen != nil && forWriting {
			err = f.checkOwner(w, seen)
		}
		if err != nil {
			err = w.withPath(err)
			w.close()
			return nil, "", err
		}
	}
	return w, "", nil
}

func (w *way) close() { w.up(0) }

// take returns the directory at which the walk ended, for the caller to close.
func (w *way) take() (*os.Root, error) {
	at := &w.places[len(w.places)-1]
	if at.root == nil {
		return nil, w.withPath(at.err)
	}
	root := at.root
	at.root = nil
	return root, nil
}

func begin(dir string) (*way, error) {
	const top = string(filepath.Separator)
	if dir == "" {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
	}
	if !filepath.IsAbs(dir) {
		// filepath.Abs would take a name before ".." away, which may be a link.
		wd, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		dir = wd + top + dir
	}
	root, err := os.OpenRoot(top)
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	return &way{places: []place{{top, root, err}}, rest: split(dir)}, nil
}

func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

// next goes to the next name: up, into a directory, which it returns, or to
// what a link leads to.
func (w *way) next() (fs.FileInfo, error) {
	name := w.rest[0]
	switch name {
	case ".":
		w.rest = w.rest[1:]
		return nil, nil
	case "..":
		w.rest = w.rest[1:]
		w.up(max(len(w.places)-1, 1))
		return nil, nil
	}
	seen, err := w.at().lstat(name)
	if err != nil {
		return nil, err
	}
	if seen.Mode()&fs.ModeSymlink != 0 {
		return nil, w.follow(name, seen)
	}
	next, err := w.at().enter(name, seen)
	if err != nil {
		return nil, err
	}
	w.places, w.rest = append(w.places, next), w.rest[1:]
	return seen, nil
}

// follow puts what a link leads to in its place, if its owner may set links.
func (w *way) follow(name string, seen fs.FileInfo) error {
	path := filepath.Join(w.at().path, name)
	if err := checkLink(path, seen); err != nil {
		return err
	}
	if w.links++; w.links > maxLinks {
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("too many symbolic links")}
	}
	target, err := w.at().readlink(name)
	if err != nil {
		return err
	}
	if is, err := w.at().lstat(name); err != nil || !os.SameFile(seen, is) {
		return &fs.PathError{Op: "readlink", Path: path, Err: errReplaced}
	}
	w.rest = append(split(target), w.rest[1:]...)
	if filepath.IsAbs(target) {
		w.up(1)
	}
	return nil
}

// checkLink refuses a link of a third user.
func checkLink(path string, link fs.FileInfo) error {
	owner, known := ownerOf(link)
	if me := os.Geteuid(); known && owner.uid != 0 && owner.uid != me {
		return &UnsafeError{path, fmt.Sprintf("is a symbolic link of uid %d: only those of root and of this process's user, uid %d, are followed", owner.uid, me)}
	}
	return nil
}

// missing returns the names that are left, none of which leads up.
func (w *way) missing() (string, error) {
	for _, name := range w.rest {
		if name == ".." {
			return "", fs.ErrNotExist
		}
	}
	return strings.Join(w.rest, "/"), nil
}

// withPath gives an error the full path of where the walk ended.
func (w *way) withPath(err error) error {
	var unsafe *UnsafeError
	var p *fs.PathError
	if errors.As(err, &unsafe) || !errors.As(err, &p) || filepath.IsAbs(p.Path) {
		return err
	}
	return &fs.PathError{Op: p.Op, Path: filepath.Join(w.at().path, p.Path), Err: p.Err}
}

// checkOwner refuses a directory that a third user has made in one that is open
// to all, where PHP's user is known.
func (f Folder) checkOwner(w *way, seen fs.FileInfo) error {
	owner, _ := ownerOf(seen)
	if owner.uid == 0 || owner.uid == os.Geteuid() {
		return nil
	}
	above := w.places[len(w.places)-2]
	parent, err := above.lstat(".")
	if err != nil || !IsOpen(parent) {
		return err
	}
	if php, known := f.mosparoUser(); known && php.uid != owner.uid {
		return &UnsafeError{w.at().path, fmt.Sprintf("lies in a directory that is open to every user, and belongs to uid %d, which is neither PHP's user, uid %d, nor root", owner.uid, php.uid)}
	}
	return nil
}
