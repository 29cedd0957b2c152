// Package settingsfile reads the files that hold settings: any file within
// bounds, and PHP files that return plain data, which are not run.
package settingsfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxSize bounds a settings file in bytes.
const maxSize = 8 << 20

// Error is a file that cannot be read or is not of its format. The text of the
// file is not part of it. It has the fields of the public dotenv.FileError.
type Error struct {
	Path string
	// Line and Column count from 1, 0 where the error has no place.
	Line, Column int
	Err          error
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d:%d: %v", e.Path, e.Line, e.Column, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Path, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Read returns the content of a file; the error is an [*Error].
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, &Error{Path: path, Err: withoutPath(err)}
	case !info.Mode().IsRegular():
		return nil, &Error{Path: path, Err: errors.New("not a file")}
	case info.Size() > maxSize:
		return nil, &Error{Path: path, Err: errors.New("too large for a settings file")}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{Path: path, Err: withoutPath(err)}
	}
	return content, nil
}

// withoutPath takes the path out of an error that will name it anyway.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Exists reports whether there is something at the path, readable or not.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
