package dotenv

import (
	"strings"
)

// variable is a text of the environment.
type variable struct {
	text string
	// file is where it came from; empty for a real one, and for Symfony's
	// defaults.
	file   string
	isReal bool
}

// environment is what PHP sees as $_ENV: real variables and those of the .env
// files.
type environment struct {
	vars map[string]variable
	// loaded are the names that .env files have set: these, unlike real ones,
	// are replaced by later files.
	loaded map[string]bool
	files  []string
	// met are the names that files hold, in order, whether these or real
	// variables count.
	met   []string
	isMet map[string]bool

	// raw are the names, in order, whose references are not resolved until all
	// files are read. places says where their values begin, before what they
	// were before the first file that replaced them.
	raw    []string
	places map[string]place
	before map[string]string
}

// loadedNames is the variable by which Symfony tells child processes which
// variables are from .env files.
const loadedNames = "SYMFONY_DOTENV_VARS"

// newEnvironment takes "NAME=value" texts as os.Environ gives them; of two
// with one name the first counts.
func newEnvironment(environ []string) *environment {
	e := &environment{
		vars: map[string]variable{}, loaded: map[string]bool{}, isMet: map[string]bool{},
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

// isHeaderName reports whether PHP takes a variable of that name for a header
// of the request, and not for one of the environment.
func isHeaderName(name string) bool { return strings.HasPrefix(name, "HTTP_") }

// visible reports whether references in .env files see the variable, and
// whether it stands before that of a file.
func (e *environment) visible(name string) bool {
	v, ok := e.vars[name]
	return ok && (!isHeaderName(name) || !v.isReal)
}

// set is Dotenv's populate for one variable: a real one wins.
func (e *environment) set(name, text, file string) {
	if e.visible(name) && !e.loaded[name] {
		return
	}
	e.vars[name] = variable{text: text, file: file}
	e.loaded[name] = true
}

// replace changes the text of a variable, and not where it came from.
func (e *environment) replace(name, text string) {
	v := e.vars[name]
	v.text = text
	e.vars[name] = v
}

// setRaw is set for a value whose references are still to be resolved.
func (e *environment) setRaw(a assignment) {
	visible := e.visible(a.name)
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
