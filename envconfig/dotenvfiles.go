package envconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFileSize bounds a settings file in bytes.
const maxFileSize = 8 << 20

// boot is Dotenv's bootEnv: .env.local.php, the dump of all .env files, or
// these. Without any of them there is the real environment alone.
func (e *environment) boot(dir string) error {
	dump := filepath.Join(dir, ".env.local.php")
	if isFile(dump) {
		values, err := readPHPArray(dump)
		if err != nil {
			return err
		}
		c := newConfig(dump, values)
		dumped, named := c.values["APP_ENV"]
		if real, ok := e.get("APP_ENV"); !named || !ok || real.text == dumped.text {
			for name, v := range c.values {
				if v.kind == configText {
					e.set(name, v.text, Source(dump))
				}
			}
			e.files = append(e.files, dump)
			return nil
		}
	}
	if !exists(filepath.Join(dir, ".env")) && !exists(filepath.Join(dir, ".env.dist")) && !exists(filepath.Join(dir, ".env.local")) {
		return nil
	}
	return e.loadFiles(dir)
}

// loadFiles is Dotenv's loadEnv: .env (or .env.dist), .env.local,
// .env.$APP_ENV, .env.$APP_ENV.local; later ones win, real variables win over
// all.
func (e *environment) loadFiles(dir string) error {
	path := filepath.Join(dir, ".env")
	first := path
	if !isFile(path) && isFile(path+".dist") {
		first = path + ".dist"
	}
	if err := e.loadFile(first); err != nil {
		return err
	}
	const appEnv = "APP_ENV"
	if _, ok := e.get(appEnv); !ok {
		e.set(appEnv, "dev", SourceDefault)
	}
	if e.vars[appEnv].text != "test" {
		if err := e.loadIfFile(path + ".local"); err != nil {
			return err
		}
	}
	// "local" would read .env.local once more.
	name := e.vars[appEnv].text
	if name == "local" {
		return nil
	}
	if strings.ContainsAny(name, "/\x00") {
		return &ValueError{Name: appEnv, Source: e.vars[appEnv].source, Err: errors.New("must be a name")}
	}
	return errors.Join(e.loadIfFile(path+"."+name), e.loadIfFile(path+"."+name+".local"))
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
	vars, err := parseDotenv(path, content, e)
	if err != nil {
		return err
	}
	for _, v := range vars {
		e.set(v.Name, v.Value, Source(path))
	}
	e.files = append(e.files, path)
	return nil
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
	v, ok := e.get("APP_DEBUG")
	if !ok {
		return e.vars["APP_ENV"].text != "prod"
	}
	return phpInt(v.text) != 0 || filterBool(v.text)
}

// names lists what .env files have set, sorted.
func (e *environment) names() []string {
	var names []string
	for name := range e.loaded {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
