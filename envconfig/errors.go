package envconfig

import "errors"

// Conditions for [errors.Is]. No error of this package contains a value that may be a
// secret. For operators, "What can go wrong" in examples/deploy/README.md says what to do
// about them.
var (
	// ErrNotConfigured means that neither the environment nor env.mosparo.php names a
	// database.
	ErrNotConfigured = errors.New("no database is configured")
	// ErrNoProject means that the directory is not that of a mosparo installation.
	ErrNoProject = errors.New("not a mosparo directory")
)

// ValueError reports a setting whose value cannot be used. It does not contain the value.
// For operators, "What can go wrong" in examples/deploy/README.md says what to do.
type ValueError struct {
	// Name is the variable.
	Name string
	// Source is where the value comes from.
	Source Source
	// Err says what is wrong with it.
	Err error
}

// Error implements error.
func (e *ValueError) Error() string {
	s := "envconfig: " + e.Name
	if e.Source != "" {
		s += " (" + string(e.Source) + ")"
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *ValueError) Unwrap() error { return e.Err }
