package envconfig

import "errors"

// Conditions that callers tell apart with [errors.Is]. No error of this
// package contains a value that may be a secret.
var (
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
