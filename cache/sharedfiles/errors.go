package sharedfiles

import (
	"fmt"
	"io/fs"
)

// ShutOutError says that what this process makes in a directory could not be
// used by its owner, presumably PHP. It unwraps to [fs.ErrPermission].
// Remedies: run as the owner of the directory, or make it writable for a common
// group (chmod g+ws). For operators, "What can go wrong" in
// examples/deploy/README.md has them.
type ShutOutError struct {
	// Path is the directory that was to be written in.
	Path string
	// UID is its owner.
	UID int
}

func (e *ShutOutError) Error() string {
	return fmt.Sprintf("files made in %s could not be used by its owner, uid %d", e.Path, e.UID)
}

// Unwrap makes it a [fs.ErrPermission].
func (e *ShutOutError) Unwrap() error { return fs.ErrPermission }

// UnsafeError says that another user of the machine could take over what this
// process does at a path. For operators, "What can go wrong" in
// examples/deploy/README.md says what to do.
type UnsafeError struct {
	// Path is the link or directory that is not safe.
	Path string
	// Reason says why, as the end of a sentence that begins with the path.
	Reason string
}

func (e *UnsafeError) Error() string { return e.Path + " " + e.Reason }
