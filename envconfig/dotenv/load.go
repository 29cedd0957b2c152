package dotenv

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

const appEnv, appDebug = "APP_ENV", "APP_DEBUG"

// Load reads the .env files of a directory, or .env.local.php in place of all of them, as
// Dotenv::bootEnv of Symfony 6.4 does. .env.dist replaces a missing .env. As in
// Symfony, .env.local is read only beside one of the two, which may be empty.
// .env.local.php counts only if it is not empty and environ has no other APP_ENV.
// Variables of environ ("NAME=value" texts, as os.Environ returns) win over those of the
// files.
//
// vars are the variables in the files, in order, each once and with its effective value,
// which may be that of environ. APP_ENV is among them, unless only environ sets it, and
// APP_DEBUG as "1" or "0". files are the files in the order in which they were read.
//
// References are resolved after all files are read. They do not see variables of environ
// named HTTP_…, which PHP treats as headers of a request.
//
// The error is a [*FileError]. It unwraps to [io/fs.ErrNotExist] if there is neither .env
// nor .env.dist, and to [errors.ErrUnsupported] for $(command).
func Load(dir string, environ []string) (vars []Variable, files []string, err error) {
	e := newEnvironment(environ)
	dumped, err := e.loadDump(dir)
	if err == nil && !dumped {
		err = e.loadFiles(dir)
	}
	if err != nil {
		return nil, nil, fileError(err)
	}
	debug := "0"
	if e.debug() {
		debug = "1"
	}
	e.vars[appDebug] = variable{text: debug}
	e.addName(appDebug)
	vars = make([]Variable, len(e.names))
	for i, name := range e.names {
		vars[i] = Variable{Name: name, Value: e.vars[name].text, File: e.vars[name].file}
	}
	return vars, e.files, nil
}

// loadDump reads .env.local.php and reports whether it counts. It does not if it is
// missing, is empty, as a dump that was interrupted may be, or has another APP_ENV:
// PHP then reads the .env files.
func (e *environment) loadDump(dir string) (bool, error) {
	dump := filepath.Join(dir, ".env.local.php")
	if !isFile(dump) {
		return false, nil
	}
	values, err := settingsfile.ReadPHPArray(dump)
	if err != nil || values == nil {
		return false, err
	}
	dumped, named := values[appEnv]
	if real, ok := e.get(appEnv); named && ok && real.text != dumped.Text {
		return false, nil
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v := values[name]; v.Kind == settingsfile.Text {
			e.addName(name)
			e.set(name, v.Text, dump)
		}
	}
	e.files = append(e.files, dump)
	return true, nil
}

// loadFiles is Dotenv::loadEnv: .env (or .env.dist), .env.local, .env.$APP_ENV and
// .env.$APP_ENV.local. Later files win, and real variables win over all.
func (e *environment) loadFiles(dir string) error {
	path := filepath.Join(dir, ".env")
	first := path
	if !isFile(path) && isFile(path+".dist") {
		first = path + ".dist"
	}
	if err := e.loadFile(first); errors.Is(err, fs.ErrNotExist) && isFile(path+".local") {
		return &FileError{Path: path, Err: fmt.Errorf("%w, and Symfony reads .env.local only beside it; create an empty .env", fs.ErrNotExist)}
	} else if err != nil {
		return err
	}
	if _, ok := e.get(appEnv); !ok {
		e.addName(appEnv)
		e.set(appEnv, "dev", "")
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
		return e.appEnvError(path)
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
	content, err := settingsfile.Read(path)
	if err != nil {
		return err
	}
	assignments, err := lex(path, content)
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
			e.addName(a.name)
			e.setRaw(a)
		}
	}
	e.files = append(e.files, path)
	return nil
}

// addName records a name that is in a file.
func (e *environment) addName(name string) {
	if !e.hasName[name] {
		e.hasName[name] = true
		e.names = append(e.names, name)
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// appEnvError reports an APP_ENV that cannot be part of a file name.
func (e *environment) appEnvError(path string) error {
	err := errors.New("APP_ENV must be a name")
	if p, ok := e.places[appEnv]; ok {
		return p.error(err)
	}
	return &FileError{Path: cmp.Or(e.vars[appEnv].file, path), Err: err}
}

// debug is APP_DEBUG as bootEnv sets it: by default on, unless APP_ENV is prod.
func (e *environment) debug() bool {
	v, ok := e.get(appDebug)
	if !ok {
		return e.vars[appEnv].text != "prod"
	}
	return phptext.Int(v.text) != 0 || phptext.FilterBool(v.text)
}
