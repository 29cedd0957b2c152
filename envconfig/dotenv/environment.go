package dotenv

import (
	"strings"
)

// variable is a value of the environment.
type variable struct {
	text string
	// file is the file that set it; empty for a real variable and a default of Symfony.
	file   string
	isReal bool
}

// environment is PHP's $_ENV: real variables and those of the .env files.
type environment struct {
	vars map[string]variable
	// loaded are the names that .env files have set. Unlike real variables, later files
	// replace them.
	loaded map[string]bool
	files  []string
	// names are the names in the files, in order, also those that a real variable
	// overrides.
	names   []string
	hasName map[string]bool

	// raw are the names, in order, whose references are resolved when all files are
	// read. places has the positions of their values, before the values that they had
	// before a file replaced them.
	raw    []string
	places map[string]place
	before map[string]string
}

// loadedNames is the variable in which Symfony lists the variables from .env files for
// child processes.
const loadedNames = "SYMFONY_DOTENV_VARS"

// newEnvironment takes "NAME=value" texts, as os.Environ returns. Of two with the same
// name the first counts.
func newEnvironment(environ []string) *environment {
	e := &environment{
		vars: map[string]variable{}, loaded: map[string]bool{}, hasName: map[string]bool{},
		places: map[string]place{}, before: map[string]string{},
	}
	for _, s := range environ {
		name, text, ok := strings.Cut(s, "=")
		if _, twice := e.vars[name]; !ok || name == "" || twice {
			continue
		}
		e.vars[name] = variable{text: text, isReal: true}
	}
	for name := range strings.SplitSeq(e.vars[loadedNames].text, ",") {
		if name != "" {
			e.loaded[name] = true
		}
	}
	return e
}

func (e *environment) get(name string) (variable, bool) {
	v, ok := e.vars[name]
	return v, ok
}

// isHeaderName reports whether PHP treats a variable of that name as a header of the
// request, not as one of the environment.
func isHeaderName(name string) bool { return strings.HasPrefix(name, "HTTP_") }

// isVisible reports whether the variable exists for .env files: references see it, and it
// overrides the variable of a file.
func (e *environment) isVisible(name string) bool {
	v, ok := e.vars[name]
	return ok && (!isHeaderName(name) || !v.isReal)
}

// set is Dotenv::populate for one variable: a real one wins.
func (e *environment) set(name, text, file string) {
	if e.isVisible(name) && !e.loaded[name] {
		return
	}
	e.vars[name] = variable{text: text, file: file}
	e.loaded[name] = true
}

// replace changes the text of a variable and keeps its source.
func (e *environment) replace(name, text string) {
	v := e.vars[name]
	v.text = text
	e.vars[name] = v
}

// setRaw is set for a value with unresolved references.
func (e *environment) setRaw(a assignment) {
	visible := e.isVisible(a.name)
	if _, noted := e.before[a.name]; !noted {
		if v, ok := e.vars[a.name]; visible || ok && refersTo(a.raw, a.name) {
			e.before[a.name] = v.text
		}
	}
	if visible && !e.loaded[a.name] {
		return
	}
	if _, again := e.places[a.name]; !again {
		e.raw = append(e.raw, a.name)
	}
	e.places[a.name] = a.place
	e.set(a.name, a.raw, a.place.path)
}
