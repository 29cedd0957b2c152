package dsn

import (
	"fmt"
	"log/slog"
)

// mask is what every way of printing shows of a secret.
const mask = "********"

// Secret is a password, or a text that holds one. However it is printed,
// logged or encoded it shows as ********, also inside other values and
// unexported fields; only [Secret.Reveal] gives the text. The zero Secret is
// the empty text, and an empty one prints as nothing.
type Secret struct {
	// A pointer, since fmt reads unexported fields without asking their methods.
	text *string
}

// NewSecret returns the secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// String returns ********, or nothing for the empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return mask
}

// GoString is [Secret.String].
func (s Secret) GoString() string { return s.String() }

// Format prints [Secret.String] whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText encodes [Secret.String], for JSON and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is [Secret.String].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
