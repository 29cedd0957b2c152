package dsn

import (
	"fmt"
	"log/slog"
)

// mask is the text that is printed in place of a secret.
const mask = "********"

// Secret is a password or a text that contains one. It is printed, logged and encoded as
// ********, also inside other values and unexported fields; only [Secret.Reveal] returns
// the text. The zero Secret is the empty text, which is printed as such.
type Secret struct {
	// A pointer, since fmt prints unexported fields without calling their methods.
	text *string
}

// NewSecret returns the secret with a text.
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

// String returns ********, or the empty text for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return mask
}

// GoString implements [fmt.GoStringer] as [Secret.String].
func (s Secret) GoString() string { return s.String() }

// Format implements [fmt.Formatter]: it prints [Secret.String] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText implements [encoding.TextMarshaler] as [Secret.String], also for JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements [slog.LogValuer] as [Secret.String].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
