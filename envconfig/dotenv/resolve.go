package dotenv

import (
	"errors"
	"fmt"
	"strings"
)

// scope resolves the values of one file in order.
type scope struct {
	path   string
	env    *environment
	values []Variable
	at     map[string]int
	// size is the size of all values so far.
	size int
}

func (s *scope) set(name, value string) {
	i, ok := s.at[name]
	if !ok {
		i = len(s.values)
		s.at[name] = i
		s.values = append(s.values, Variable{Name: name, File: s.path})
	}
	s.values[i].Value = value
}

func (s *scope) resolve(raw string) (string, error) {
	text, err := expand(raw, s.find, s.set)
	if err != nil {
		return "", err
	}
	if s.size += len(text); s.size > maxValues {
		return "", errTooLong
	}
	return restore(text), nil
}

var errTooLong = fmt.Errorf("the values are longer than %d bytes together", maxValues)

// find prefers a real variable to one of the file, unless an earlier process has loaded it
// from .env files or it has the name of a request header.
func (s *scope) find(name string) string {
	i, own := s.at[name]
	v, real := s.env.get(name)
	external := real && (!own || !s.env.loaded[name] && !isHeaderName(name))
	text := v.text
	if !external {
		if !own {
			return ""
		}
		text = s.values[i].Value
	}
	switch {
	case s.env.loaded[name]:
		return text
	case external:
		return escapeExternal(text)
	}
	return strings.ReplaceAll(text, "$", literalDollar)
}

// mostPasses is how often Symfony replaces references by text that may contain further
// references.
const mostPasses = 5

// resolveLoaded resolves the references in all variables of the files when these are read,
// as Symfony has done since 6.4.35.
func (e *environment) resolveLoaded() error {
	self := map[string]bool{}
	for _, name := range e.raw {
		self[name] = refersTo(e.vars[name].text, name)
	}
	assigned := map[string]string{}
	var first string
	for range mostPasses {
		resolved, err := e.resolvePass(self, assigned)
		if err != nil {
			return err
		}
		if len(resolved) == 0 {
			for _, name := range e.raw {
				e.replace(name, restore(e.vars[name].text))
			}
			return nil
		}
		first = resolved[0].Name
		for _, v := range resolved {
			e.replace(v.Name, v.Value)
		}
	}
	return e.places[first].error(errors.New("too many levels of variables that refer to variables"))
}

// resolvePass replaces the references in all variables once and returns the changed
// variables. self has the variables that refer to themselves, assigned the values that
// ${NAME:=default} has set.
func (e *environment) resolvePass(self map[string]bool, assigned map[string]string) ([]Variable, error) {
	var changed []Variable
	size := 0
	for _, name := range e.raw {
		raw := e.vars[name].text
		find := func(other string) string { return e.rawValue(other, assigned) }
		if self[name] {
			find = func(other string) string {
				if other == name {
					return e.previousValue(name, assigned)
				}
				return e.rawValue(other, assigned)
			}
		}
		text, err := expand(raw, find, func(name, value string) { assigned[name] = value })
		if size += len(text); err == nil && size > maxValues {
			err = errTooLong
		}
		if err != nil {
			return nil, e.places[name].error(err)
		}
		if text != raw {
			changed = append(changed, Variable{Name: name, Value: text})
		}
	}
	return changed, nil
}

// rawValue returns the raw text for a reference to a variable.
func (e *environment) rawValue(name string, assigned map[string]string) string {
	value, set := assigned[name]
	switch {
	case set && e.loaded[name]:
		return value
	case e.isVisible(name) && e.loaded[name]:
		return e.vars[name].text
	case e.isVisible(name):
		return escapeExternal(e.vars[name].text)
	}
	return strings.ReplaceAll(value, "$", literalDollar)
}

// previousValue returns the value that a variable which refers to itself had before: that of an
// earlier file or of the real environment.
func (e *environment) previousValue(name string, assigned map[string]string) string {
	if value, ok := assigned[name]; ok {
		return value
	}
	return strings.NewReplacer(`\\`, `\\\\`, "$", literalDollar).Replace(e.before[name])
}

// resolveAppEnv returns APP_ENV while files are being read: it names the next ones.
func (e *environment) resolveAppEnv() (string, error) {
	text := e.vars[appEnv].text
	if !strings.ContainsAny(text, `$\`+literalDollar) {
		return text, nil
	}
	resolved, err := expand(text, func(name string) string {
		if name == appEnv {
			return ""
		}
		return e.rawValue(name, nil)
	}, func(string, string) {})
	if err != nil {
		return "", e.places[appEnv].error(err)
	}
	return restore(resolved), nil
}
