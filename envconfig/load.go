package envconfig

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// Option changes how [Load] and [FromEnviron] read. There is none yet.
type Option func(*options)

type options struct{}

func apply(opts []Option) {
	var o options
	for _, f := range opts {
		if f == nil {
			panic("envconfig: opts has a nil Option")
		}
		f(&o)
	}
}

// Load reads the settings of the mosparo installation in dir as a PHP node does. In
// falling precedence they come from the variables of environ ("NAME=value" texts, as
// os.Environ returns), the .env files or .env.local.php in place of all of them, and
// config/env.mosparo.php, or the file that MOSPARO_ENV_SUFFIX or MOSPARO_CONFIG_FILE_PATH
// names. An empty value of environ or the .env files does not count if env.mosparo.php has
// one. As in Symfony, .env.local is read only beside a .env, which may be empty; alone it
// is an error. A directory that is missing, or has neither .env files nor env.mosparo.php,
// is [ErrNoProject].
//
// The error joins a [*dotenv.FileError] for a file that cannot be read and a [*ValueError]
// for each value that cannot be used, such as a text where PHP needs a number, or an
// address that PHP or this module refuses. Where PHP uses a default instead, as for an
// interval out of its range, so does Load, with a warning. Settings that are returned
// together with an error are for display only: values of an env.mosparo.php that could not
// be read are missing, [Settings.DatabaseConnection] fails, and connect.Open refuses them;
// see [Settings.Err].
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
		return nil, noProject(dir)
	}
	if r.config.err != nil {
		r.errs = append(r.errs, r.config.err)
	} else if settingsfile.Exists(path) {
		r.env.files = append(r.env.files, path)
	}
	s := r.settings()
	s.reload = func() (*Settings, error) { return Load(dir, environ, opts...) }
	return s, s.err
}

// noProject says what is wrong with a directory without settings.
func noProject(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("envconfig: %w: %w", ErrNoProject, err)
	}
	return fmt.Errorf("envconfig: %w: %s holds neither .env nor config/env.mosparo.php", ErrNoProject, dir)
}

// FromEnviron reads the settings from environ only ("NAME=value" texts, as os.Environ
// returns), and reads no file.
//
// The error joins a [*ValueError] for each value that cannot be used. Settings that are
// returned together with an error are for display only; see [Settings.Err].
func FromEnviron(environ []string, opts ...Option) (*Settings, error) {
	apply(opts)
	r := &resolver{env: newEnvironment(environ)}
	s := r.settings()
	return s, s.err
}
