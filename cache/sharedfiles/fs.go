package sharedfiles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FS returns the files of a directory, as [os.DirFS] does, and follows links as
// [Folder.Open] does, also the last one of a path: nothing is read through a
// link of a third user. What is neither a file nor a directory is an error. Each
// file is looked up from the top, so that a directory that is replaced, as
// deployment tools do, is noticed.
func FS(dir string) fs.FS { return dirFS(dir) }

type dirFS string

// Open implements [fs.FS].
func (d dirFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	path := string(d) + string(filepath.Separator) + filepath.FromSlash(name)
	for range maxLinks {
		file, target, err := openOrFollow(path)
		if file != nil || err != nil {
			return file, err
		}
		path = target
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("too many symbolic links")}
}

// openOrFollow opens a file, or returns the path that a link leads to.
func openOrFollow(path string) (file fs.File, target string, err error) {
	at := strings.LastIndexByte(path, filepath.Separator) + 1
	in, base := path[:at], path[at:]
	if base == "" || base == "." || base == ".." {
		in, base = path, "."
	}
	root, err := Folder{Path: in}.Open()
	if err != nil {
		return nil, "", err
	}
	defer root.Close() // an open file does not need it
	seen, err := root.Lstat(base)
	if err != nil {
		return nil, "", err
	}
	switch mode := seen.Mode(); {
	case mode.IsDir(), mode.IsRegular(), !hasOwners:
		file, err := OpenFile(root, base)
		if err != nil {
			return nil, "", err
		}
		return file, "", nil
	case mode&fs.ModeSymlink == 0: // a pipe would wait for its other end
		return nil, "", &fs.PathError{Op: "open", Path: path, Err: fs.ErrInvalid}
	}
	if err := checkLink(path, seen); err != nil {
		return nil, "", err
	}
	target, err = root.Readlink(base)
	if err == nil && !filepath.IsAbs(target) {
		target = in + target
	}
	return nil, target, err
}

// OpenFile opens a file or directory below root for reading. What is neither is
// [fs.ErrInvalid]: a pipe in its place would be waited for.
func OpenFile(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|NonBlock, 0)
	if err != nil {
		return nil, err
	}
	fi, err := file.Stat()
	if err == nil && !fi.Mode().IsDir() && !fi.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: file.Name(), Err: fs.ErrInvalid}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
