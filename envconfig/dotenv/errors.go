package dotenv

import (
	"errors"

	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// FileError reports a settings file that cannot be read or parsed. It does not contain
// the text of the file, which may contain passwords. For operators, "What can go wrong"
// in examples/deploy/README.md says what to do.
type FileError struct {
	Path string
	// Line and Column count from 1; they are 0 for an error without a position.
	Line, Column int
	// Err says what is wrong.
	Err error
}

// Error returns "path:line:column: what is wrong".
func (e *FileError) Error() string { return (*settingsfile.Error)(e).Error() }

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }

// fileError converts an error of settingsfile to its public type.
func fileError(err error) error {
	var e *settingsfile.Error
	if errors.As(err, &e) {
		return (*FileError)(e)
	}
	return err
}
