package envconfig

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Conditions that callers tell apart with [errors.Is]. No error of this
// package contains a value that may be a secret.
var (
	// ErrNotSupported: PHP nodes can use this setting, this module cannot.
	ErrNotSupported = errors.New("not supported")
	// ErrNotConfigured: there is no database to connect to: neither the
	// environment nor env.mosparo.php names one.
	ErrNotConfigured = errors.New("no database is configured")
	// ErrNoProject: the directory is not that of a mosparo installation.
	ErrNoProject = errors.New("not a mosparo directory")
)

// ValueError is a setting whose value cannot be used. The value itself is not
// part of it.
type ValueError struct {
	// Name is the variable.
	Name string
	// Source is where the value came from.
	Source Source
	// Err says what is wrong with it.
	Err error
}

func (e *ValueError) Error() string {
	s := "envconfig: " + e.Name
	if e.Source != "" && e.Source != SourceDefault {
		s += " (" + string(e.Source) + ")"
	}
	return s + ": " + e.Err.Error()
}

func (e *ValueError) Unwrap() error { return e.Err }

// FileError is a settings file that cannot be read or is not of its format.
// The text of the file is not part of it.
type FileError struct {
	Path string
	// Line and Column count from 1, 0 where the error has no place.
	Line, Column int
	Err          error
}

func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString("envconfig: ")
	b.WriteString(e.Path)
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column))
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	return b.String()
}

func (e *FileError) Unwrap() error { return e.Err }

// DSNError is a connection address that Symfony refuses, or that this module
// refuses with [ErrNotSupported]. It never holds the address itself, which may
// contain a password.
type DSNError struct {
	// Kind is "Redis" or "memcached".
	Kind string
	Err  error
}

func (e *DSNError) Error() string {
	if errors.Is(e.Err, ErrNotSupported) {
		return fmt.Sprintf("%s DSN: %v", e.Kind, e.Err)
	}
	return fmt.Sprintf("invalid %s DSN: %v", e.Kind, e.Err)
}

func (e *DSNError) Unwrap() error { return e.Err }

// notSupported is an error that unwraps to [ErrNotSupported] and says what is
// missing.
func notSupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotSupported, fmt.Sprintf(format, args...))
}
