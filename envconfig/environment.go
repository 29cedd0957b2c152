package envconfig

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/dotenv"
	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// environment is PHP's $_ENV: real variables and those of the .env files.
type environment struct {
	vars  map[string]variable
	files []string
}

// variable is a value of the environment with its source.
type variable struct {
	text   string
	source Source
}

// newEnvironment takes "NAME=value" texts, as os.Environ returns. Of two with the same
// name the first counts.
func newEnvironment(environ []string) *environment {
	e := &environment{vars: map[string]variable{}}
	for _, s := range environ {
		name, text, ok := strings.Cut(s, "=")
		if _, twice := e.vars[name]; !ok || name == "" || twice {
			continue
		}
		e.vars[name] = variable{text, SourceEnvironment}
	}
	return e
}

func (e *environment) get(name string) (variable, bool) {
	v, ok := e.vars[name]
	return v, ok
}

// readFiles adds the variables of the .env files in mosparo's directory, if there are
// any.
func (e *environment) readFiles(dir string, environ []string) error {
	vars, files, err := dotenv.Load(dir, environ)
	if errors.Is(err, fs.ErrNotExist) && !slices.ContainsFunc([]string{".env", ".env.dist", ".env.local"}, func(name string) bool {
		return settingsfile.Exists(filepath.Join(dir, name))
	}) {
		return nil
	}
	if err != nil {
		return err
	}
	e.files = files
	for _, v := range vars {
		if _, isReal := e.vars[v.Name]; v.File != "" {
			e.vars[v.Name] = variable{v.Value, Source(v.File)}
		} else if !isReal {
			e.vars[v.Name] = variable{v.Value, SourceDefault}
		}
	}
	return nil
}
