// Package names has what the backends share about the names of locks: their
// length, and their form on servers and file systems.
package names

import "strings"

// Max is the longest name in bytes.
const Max = 200

const hexDigits = "0123456789ABCDEF"

// Encode returns the form of a name that every server and file system can keep:
// letters, digits, - _ and . stay, every other byte becomes % and two hex
// digits, and so does a leading dot. No two names share a form, and none has a
// brace, which Redis Cluster would take for a hash tag.
func Encode(name string) string {
	plain := true
	for i := range len(name) {
		plain = plain && isPlain(name, i)
	}
	if plain {
		return name
	}
	var b strings.Builder
	b.Grow(3 * len(name))
	for i := range len(name) {
		if isPlain(name, i) {
			b.WriteByte(name[i])
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[name[i]>>4])
		b.WriteByte(hexDigits[name[i]&15])
	}
	return b.String()
}

func isPlain(name string, i int) bool {
	switch c := name[i]; {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		return true
	default:
		return c == '.' && i > 0
	}
}

// Decode is the reverse of [Encode]; false for anything that it does
// not make.
func Decode(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b = append(b, byte(hi<<4|lo))
		i += 2
	}
	name := string(b)
	return name, Encode(name) == s
}
