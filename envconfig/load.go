package envconfig

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// Option changes how [Load] and [FromEnviron] read. There is none yet.
type Option func(*options)

type options struct{}

func apply(opts []Option) {
	var o options
	for _, f := range opts {
		f(&o)
	}
}

// Load reads the settings of the mosparo installation in dir as a PHP node
// does: the .env files (or .env.local.php, which stands for all of them) below
// environ, "NAME=value" texts such as os.Environ gives, then
// config/env.mosparo.php for what has no value yet. MOSPARO_ENV_SUFFIX and
// MOSPARO_CONFIG_FILE_PATH choose another one. A directory with env.mosparo.php
// alone is read as well; one with neither is [ErrNoProject].
//
// The error joins a [*dotenv.FileError] for a file that cannot be read and a
// [*ValueError] for each value that cannot be used. Settings that are returned
// together with an error are for display only: what env.mosparo.php would
// have held has no value then, and [Settings.DatabaseConnection] refuses.
func Load(dir string, environ []string, opts ...Option) (*Settings, error) {
	apply(opts)
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("envconfig: %w", err)
	}
	r := &resolver{dir: dir, env: newEnvironment(environ)}
	if err := r.env.readFiles(dir, environ); err != nil {
		return nil, err
	}
	path, err := configPath(dir, r.env)
	if err != nil {
		return nil, err
	}
	r.config = readConfig(path)
	if len(r.env.files) == 0 && !settingsfile.Exists(path) {
		return nil, fmt.Errorf("envconfig: %w: %s holds neither .env nor config/env.mosparo.php", ErrNoProject, dir)
	}
	if r.config.err != nil {
		r.errs = append(r.errs, r.config.err)
	} else if settingsfile.Exists(path) {
		r.env.files = append(r.env.files, path)
	}
	s := r.settings()
	s.reload = func() (*Settings, error) { return Load(dir, environ, opts...) }
	return s, errors.Join(r.errs...)
}

// FromEnviron reads the settings from "NAME=value" texts, such as
// os.Environ(), and from nothing else: no .env file, no env.mosparo.php.
//
// The error joins a [*ValueError] for each value that cannot be used. The
// settings returned with it are for display only.
func FromEnviron(environ []string, opts ...Option) (*Settings, error) {
	apply(opts)
	r := &resolver{env: newEnvironment(environ)}
	return r.settings(), errors.Join(r.errs...)
}
