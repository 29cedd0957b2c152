package envconfig

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFileSize bounds a settings file in bytes.
const maxFileSize = 8 << 20

const appEnv, appDebug = "APP_ENV", "APP_DEBUG"

// LoadDotenv reads the .env files of mosparo's directory (or .env.local.php,
// which stands for all of them) below the environment, "NAME=value" texts such
// as os.Environ gives, as Dotenv::bootEnv of Symfony 6.4 does. It returns the
// variables that the files hold, in order, each once and with the value that
// counts, which may be that of the environment; APP_ENV, unless the environment
// alone sets it; and APP_DEBUG as "1" or "0". References are resolved after all
// files are read; they do not see variables of the environment named HTTP_…,
// which PHP takes for headers of a request.
//
// The error is a [*FileError] or, for an APP_ENV that cannot be part of a
// file's name, a [*ValueError].
func LoadDotenv(dir string, environ []string) ([]Variable, error) {
	e := newEnvironment(environ)
	dumped, err := e.loadDump(dir)
	if err == nil && !dumped {
		err = e.loadFiles(dir)
	}
	if err != nil {
		return nil, err
	}
	debug := "0"
	if e.debug() {
		debug = "1"
	}
	e.vars[appDebug] = variable{text: debug}
	e.meet(appDebug)
	vars := make([]Variable, len(e.met))
	for i, name := range e.met {
		vars[i] = Variable{name, e.vars[name].text}
	}
	return vars, nil
}

// boot is Dotenv's bootEnv: .env.local.php, the dump of all .env files, or
// these. Without any of them there is the real environment alone.
func (e *environment) boot(dir string) error {
	if dumped, err := e.loadDump(dir); dumped || err != nil {
		return err
	}
	if !exists(filepath.Join(dir, ".env")) && !exists(filepath.Join(dir, ".env.dist")) && !exists(filepath.Join(dir, ".env.local")) {
		return nil
	}
	return e.loadFiles(dir)
}

// loadDump reads .env.local.php unless it is missing, or of another APP_ENV.
func (e *environment) loadDump(dir string) (bool, error) {
	dump := filepath.Join(dir, ".env.local.php")
	if !isFile(dump) {
		return false, nil
	}
	values, err := readPHPArray(dump)
	if err != nil {
		return false, err
	}
	c := newConfig(dump, values)
	dumped, named := c.values[appEnv]
	if real, ok := e.get(appEnv); named && ok && real.text != dumped.text {
		return false, nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.values)) {
		if v := c.values[name]; v.kind == configText {
			e.meet(name)
			e.set(name, v.text, Source(dump))
		}
	}
	e.files = append(e.files, dump)
	return true, nil
}

// loadFiles is Dotenv's loadEnv: .env (or .env.dist), .env.local,
// .env.$APP_ENV, .env.$APP_ENV.local; later ones win, real variables win over
// all. References are resolved at the end.
func (e *environment) loadFiles(dir string) error {
	path := filepath.Join(dir, ".env")
	first := path
	if !isFile(path) && isFile(path+".dist") {
		first = path + ".dist"
	}
	if err := e.loadFile(first); err != nil {
		return err
	}
	if _, ok := e.get(appEnv); !ok {
		e.meet(appEnv)
		e.set(appEnv, "dev", SourceDefault)
	}
	name, err := e.resolveAppEnv()
	if err != nil {
		return err
	}
	if name != "test" {
		if err := e.loadIfFile(path + ".local"); err != nil {
			return err
		}
		if name, err = e.resolveAppEnv(); err != nil {
			return err
		}
	}
	if strings.ContainsAny(name, "/\x00") {
		return &ValueError{Name: appEnv, Source: e.vars[appEnv].source, Err: errors.New("must be a name")}
	}
	// "local" would read .env.local once more.
	if name != "local" {
		for _, p := range []string{path + "." + name, path + "." + name + ".local"} {
			if err := e.loadIfFile(p); err != nil {
				return err
			}
		}
	}
	return e.resolveLoaded()
}

func (e *environment) loadIfFile(path string) error {
	if !isFile(path) {
		return nil
	}
	return e.loadFile(path)
}

func (e *environment) loadFile(path string) error {
	content, err := readFile(path)
	if err != nil {
		return err
	}
	assignments, err := lexDotenv(path, content)
	if err != nil {
		return err
	}
	// Of two with one name in a file PHP sees the last one alone.
	last := map[string]assignment{}
	for _, a := range assignments {
		last[a.name] = a
	}
	for _, a := range assignments {
		if a, ok := last[a.name]; ok {
			delete(last, a.name)
			e.meet(a.name)
			e.setRaw(a)
		}
	}
	e.files = append(e.files, path)
	return nil
}

// meet notes a name that a file holds.
func (e *environment) meet(name string) {
	if !e.isMet[name] {
		e.isMet[name] = true
		e.met = append(e.met, name)
	}
}

// exists reports whether there is something at the path, readable or not.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// readFile reads a settings file; the error is a [*FileError].
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, &FileError{Path: path, Err: withoutPath(err)}
	case !info.Mode().IsRegular():
		return nil, &FileError{Path: path, Err: errors.New("not a file")}
	case info.Size() > maxFileSize:
		return nil, &FileError{Path: path, Err: errors.New("too large for a settings file")}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, &FileError{Path: path, Err: withoutPath(err)}
	}
	return content, nil
}

// withoutPath takes the path out of an error that will name it anyway.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// debug is what bootEnv makes of APP_DEBUG: on unless APP_ENV is prod.
func (e *environment) debug() bool {
	v, ok := e.get(appDebug)
	if !ok {
		return e.vars[appEnv].text != "prod"
	}
	return phpInt(v.text) != 0 || filterBool(v.text)
}
