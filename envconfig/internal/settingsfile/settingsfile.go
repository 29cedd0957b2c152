// Package settingsfile reads settings files of limited size, and parses PHP files that
// return plain data without running them.
package settingsfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxSize limits a settings file, in bytes.
const maxSize = 8 << 20

// Error reports a file that cannot be read or parsed. It does not contain the text of the
// file. It has the same fields as the public dotenv.FileError.
type Error struct {
	Path string
	// Line and Column count from 1; they are 0 for an error without a position.
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

// withoutPath removes the path from an error, since [Error] has it.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Exists reports whether there is a file at the path, readable or not.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
