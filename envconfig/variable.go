package envconfig

import (
	"iter"
	"slices"
)

// Variable describes a setting for people. Secrets are masked.
type Variable struct {
	// Name is the name of the environment variable or of the entry of env.mosparo.php.
	Name string `json:"name"`
	// Value is the value in effect, ******** for a secret.
	Value string `json:"value"`
	// Source is where the value comes from.
	Source Source `json:"source"`
	// Warning tells the operator what is unexpected about the value; empty if nothing
	// is.
	Warning string `json:"warning,omitempty"`
	// Error says why the value that was set cannot be used.
	Error string `json:"error,omitempty"`
}

// Source is where a value comes from: [SourceDefault], [SourceEnvironment], or the path
// of a file.
type Source string

// The sources that are not files.
const (
	// SourceDefault means that the variable is not set: the value is mosparo's default.
	SourceDefault Source = "default"
	// SourceEnvironment is the environment of the process, without the .env files.
	SourceEnvironment Source = "environment"
)

// IsSet reports whether the variable is set in the environment or a file.
func (v Variable) IsSet() bool { return v.Source != SourceDefault && v.Source != "" }

// Variable returns the setting with a name such as REDIS_URL, or the zero Variable if
// mosparo has no such setting.
func (s *Settings) Variable(name string) Variable { return find(s.variables, name) }

// Variables yields all settings of mosparo, also those without a field in Settings, in
// the order of mosparo's documentation.
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
