package envconfig

import (
	"iter"
	"slices"
)

// Variable is one setting for people: where it came from and what to know of it.
// A secret is masked.
type Variable struct {
	// Name is the variable, as an operator writes it.
	Name string `json:"name"`
	// Value is the value in effect, ******** for a secret.
	Value string `json:"value"`
	// Source is where the value, or the text that led to it, came from.
	Source Source `json:"source"`
	// Warning says what the operator should know of the value, in one sentence
	// or several; empty if there is nothing.
	Warning string `json:"warning,omitempty"`
	// Error says why the value that was set cannot be used.
	Error string `json:"error,omitempty"`
}

// Source is where a value came from: [SourceDefault], [SourceEnvironment], or
// the path of the file.
type Source string

// The sources that are no files.
const (
	// SourceDefault: the variable is not set, the value is that of mosparo's own
	// .env or services.
	SourceDefault Source = "default"
	// SourceEnvironment: a real environment variable of the process.
	SourceEnvironment Source = "environment"
)

// IsSet reports whether the variable is set, in any source.
func (v Variable) IsSet() bool { return v.Source != SourceDefault && v.Source != "" }

// Variable returns the setting of that name, such as REDIS_URL; one that mosparo
// does not have is the zero Variable.
func (s *Settings) Variable(name string) Variable { return find(s.variables, name) }

// Variables yields all of mosparo's settings, also those that are no field of
// Settings, in the order of its documentation.
func (s *Settings) Variables() iter.Seq[Variable] { return slices.Values(s.variables) }

// Warnings yields the settings that have a warning.
func (s *Settings) Warnings() iter.Seq[Variable] {
	return func(yield func(Variable) bool) {
		for _, v := range s.variables {
			if v.Warning != "" && !yield(v) {
				return
			}
		}
	}
}

func find(variables []Variable, name string) Variable {
	if i := indexOf(variables, name); i >= 0 {
		return variables[i]
	}
	return Variable{}
}

func indexOf(variables []Variable, name string) int {
	return slices.IndexFunc(variables, func(v Variable) bool { return v.Name == name })
}
