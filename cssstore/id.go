package cssstore

import (
	"encoding/hex"
	"fmt"
)

// UUID is the identifier of a project. Every value is valid. It is no
// github.com/google/uuid.UUID, since that one also parses upper case, braces and
// texts without hyphens: in mosparo each spelling is another cache key or directory.
type UUID [16]byte

// Hash is the SHA-256 of a project's design settings, as mosparo computes it. It
// covers neither the bytes of the CSS nor the project. The zero Hash stands for none.
type Hash [32]byte

// IDError is the error of a text that is no UUID or hash in the form that mosparo
// writes.
type IDError struct {
	// Kind is "uuid" or "hash".
	Kind string
	// Text is what was given, cut to 80 bytes.
	Text string
}

func (e *IDError) Error() string {
	form := "8-4-4-4-12 hexadecimal digits"
	if e.Kind == "hash" {
		form = "64 hexadecimal digits"
	}
	return fmt.Sprintf("cssstore: %q is no %s: want %s, in lower case", e.Text, e.Kind, form)
}

// hyphens are the positions of the hyphens in the text of a UUID.
var hyphens = [...]int{8, 13, 18, 23}

// ParseUUID parses the form that mosparo writes: 8-4-4-4-12 hexadecimal digits in
// lower case. For any other text the error is an [*IDError].
func ParseUUID[T string | []byte](s T) (UUID, error) {
	var u UUID
	if len(s) != 36 {
		return u, badID("uuid", string(s))
	}
	to := 0
	for i := 0; i < len(s); {
		if to < 2*len(u) && isHyphen(i) {
			if s[i] != '-' {
				return UUID{}, badID("uuid", string(s))
			}
			i++
			continue
		}
		n, ok := nibble(s[i])
		if !ok {
			return UUID{}, badID("uuid", string(s))
		}
		u[to/2] = u[to/2]<<4 | n
		to++
		i++
	}
	return u, nil
}

func isHyphen(i int) bool {
	for _, h := range hyphens {
		if i == h {
			return true
		}
	}
	return false
}

// ParseHash parses 64 hexadecimal digits in lower case. For any other text, and for 64
// zeros, the error is an [*IDError].
func ParseHash[T string | []byte](s T) (Hash, error) {
	var h Hash
	if len(s) != 2*len(h) {
		return h, badID("hash", string(s))
	}
	for i := range len(s) {
		n, ok := nibble(s[i])
		if !ok {
			return Hash{}, badID("hash", string(s))
		}
		h[i/2] = h[i/2]<<4 | n
	}
	if h.IsZero() {
		return h, badID("hash", string(s))
	}
	return h, nil
}

// nibble returns the value of a hexadecimal digit in lower case.
func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

func badID(kind, s string) error { return &IDError{Kind: kind, Text: s[:min(len(s), 80)]} }

// String returns the form that [ParseUUID] parses.
func (u UUID) String() string {
	b, _ := u.AppendText(make([]byte, 0, 36)) // never fails
	return string(b)
}

// AppendText implements [encoding.TextAppender].
func (u UUID) AppendText(b []byte) ([]byte, error) {
	for i, part := range [][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (u UUID) MarshalText() ([]byte, error) { return u.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler]; see [ParseUUID].
func (u *UUID) UnmarshalText(b []byte) (err error) {
	*u, err = ParseUUID(b)
	return err
}

// IsZero reports whether h stands for no hash.
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns 64 hexadecimal digits, or an empty text for the zero Hash.
func (h Hash) String() string {
	b, _ := h.AppendText(nil) // never fails
	return string(b)
}

// AppendText implements [encoding.TextAppender].
func (h Hash) AppendText(b []byte) ([]byte, error) {
	if h.IsZero() {
		return b, nil
	}
	return hex.AppendEncode(b, h[:]), nil
}

// MarshalText implements [encoding.TextMarshaler].
func (h Hash) MarshalText() ([]byte, error) { return h.AppendText([]byte{}) }

// UnmarshalText implements [encoding.TextUnmarshaler]; see [ParseHash]. An empty text
// is the zero Hash.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*h = Hash{}
		return nil
	}
	*h, err = ParseHash(b)
	return err
}
