package dotenv

import (
	"errors"
	"fmt"
	"strings"
)

// scope resolves the values of one file one after the other.
type scope struct {
	path   string
	env    *environment
	values []Variable
	at     map[string]int
	// size is what all values so far took.
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

// find takes a real variable first, one that an earlier process has loaded
// from .env files last, as it does one named as a request header.
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

// mostPasses is how often Symfony replaces references by text that may hold
// references again.
const mostPasses = 5

// resolveLoaded resolves the references of all variables that files have set,
// after all files are read, as Symfony does since 6.4.35.
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

// resolvePass replaces the references of all variables once and returns those
// that changed. self are the variables that refer to themselves, assigned what
// ${NAME:=default} has set.
func (e *environment) resolvePass(self map[string]bool, assigned map[string]string) ([]Variable, error) {
	var changed []Variable
	size := 0
	for _, name := range e.raw {
		raw := e.vars[name].text
		find := func(other string) string { return e.reference(other, assigned) }
		if self[name] {
			find = func(other string) string {
				if other == name {
					return e.earlier(name, assigned)
				}
				return e.reference(other, assigned)
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

// reference is the raw text of a variable that another one refers to.
func (e *environment) reference(name string, assigned map[string]string) string {
	value, set := assigned[name]
	switch {
	case set && e.loaded[name]:
		return value
	case e.visible(name) && e.loaded[name]:
		return e.vars[name].text
	case e.visible(name):
		return escapeExternal(e.vars[name].text)
	}
	return strings.ReplaceAll(value, "$", literalDollar)
}

// earlier is what a variable that refers to itself had before: from an earlier
// file or the real environment.
func (e *environment) earlier(name string, assigned map[string]string) string {
	if value, ok := assigned[name]; ok {
		return value
	}
	return strings.NewReplacer(`\\`, `\\\\`, "$", literalDollar).Replace(e.before[name])
}

// resolveAppEnv is the text of APP_ENV while files are read, since it names
// those that follow.
func (e *environment) resolveAppEnv() (string, error) {
	text := e.vars[appEnv].text
	if !strings.ContainsAny(text, `$\`+literalDollar) {
		return text, nil
	}
	resolved, err := expand(text, func(name string) string {
		if name == appEnv {
			return ""
		}
		return e.reference(name, nil)
	}, func(string, string) {})
	if err != nil {
		return "", e.places[appEnv].error(err)
	}
	return restore(resolved), nil
}
