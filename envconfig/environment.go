package envconfig

import "strings"

// variable is a text of the environment and where it came from.
type variable struct {
	text   string
	source Source
}

// environment is what PHP sees as $_ENV: real variables and those of the .env
// files.
type environment struct {
	vars map[string]variable
	// loaded are the names that .env files have set: these, unlike real ones,
	// are replaced by later files.
	loaded map[string]bool
	files  []string
}

// loadedNames is the variable by which Symfony tells child processes which
// variables are from .env files.
const loadedNames = "SYMFONY_DOTENV_VARS"

// newEnvironment takes "NAME=value" texts as os.Environ gives them; of two
// with one name the first counts.
func newEnvironment(environ []string) *environment {
	e := &environment{vars: map[string]variable{}, loaded: map[string]bool{}}
	for _, s := range environ {
		name, text, ok := strings.Cut(s, "=")
		if _, twice := e.vars[name]; !ok || name == "" || twice {
			continue
		}
		e.vars[name] = variable{text: text, source: SourceEnvironment}
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

// set is Dotenv's populate for one variable: a real one wins.
func (e *environment) set(name, text string, source Source) {
	if _, exists := e.vars[name]; exists && !e.loaded[name] {
		return
	}
	e.vars[name] = variable{text: text, source: source}
	e.loaded[name] = true
}
