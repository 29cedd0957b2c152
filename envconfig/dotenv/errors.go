package dotenv

import (
	"errors"

	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// FileError is a settings file that cannot be read or is not of its format.
// The text of the file is not part of it, since it may hold passwords.
type FileError struct {
	Path string
	// Line and Column count from 1, 0 where the error has no place.
	Line, Column int
	Err          error
}

// Error is "path:line:column: what is wrong".
func (e *FileError) Error() string { return (*settingsfile.Error)(e).Error() }

func (e *FileError) Unwrap() error { return e.Err }

// fileError is an error of settingsfile in its public form.
func fileError(err error) error {
	var e *settingsfile.Error
	if errors.As(err, &e) {
		return (*FileError)(e)
	}
	return err
}
