package envconfig

import (
	"iter"
	"slices"
)

// Source is where a value came from: [SourceDefault], [SourceEnvironment], or
// the path of the file.
type Source string

// The sources that are no files.
const (
	// SourceDefault: no one set the value, it is that of mosparo's own .env
	// or services.
	SourceDefault Source = "default"
	// SourceEnvironment: a real environment variable of the process.
	SourceEnvironment Source = "environment"
)

// Value is one setting.
type Value[T any] struct {
	// V is the value in effect.
	V T
	// Name is the variable, as an operator writes it.
	Name string
	// Source is where V, or the text that led to it, came from.
	Source Source
	// Warning says what the operator should know about the value, in one
	// sentence or several; empty if there is nothing.
	Warning string
}

// IsDefault reports whether no one set the value.
func (v Value[T]) IsDefault() bool { return v.Source == SourceDefault }

// Entry is one setting for people: no secrets, nothing to compute with.
type Entry struct {
	Name string `json:"name"`
	// Value is the value in effect, ******** for a secret.
	Value   string `json:"value"`
	Source  Source `json:"source"`
	Warning string `json:"warning,omitempty"`
	// Error says why the value that was set cannot be used.
	Error string `json:"error,omitempty"`
}

// All yields every setting, in the order of the documentation, for an
// operator's eyes: secrets are masked.
func (s *Settings) All() iter.Seq[Entry] { return slices.Values(s.entries) }

// Warnings yields the settings that have a warning.
func (s *Settings) Warnings() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, e := range s.entries {
			if e.Warning != "" && !yield(e) {
				return
			}
		}
	}
}
