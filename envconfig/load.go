package envconfig

import (
	"errors"
	"os"
)

// Option changes how [Load] reads.
type Option func(*loader)

type loader struct {
	environ []string
}

// WithEnviron takes "NAME=value" texts in place of the process's environment.
func WithEnviron(environ []string) Option {
	return func(l *loader) { l.environ = environ }
}

// FromEnviron reads the settings from "NAME=value" texts, such as
// os.Environ(), and from nothing else: no .env file, no env.mosparo.php.
//
// The error joins a [*ValueError] for each value that cannot be used. The
// settings returned with it are for display only.
func FromEnviron(environ []string) (*Settings, error) {
	r := &resolver{env: newEnvironment(environ)}
	return r.settings(), errors.Join(r.errs...)
}

var _ = os.Environ
