package cache

import (
	"slices"
	"strings"
)

// KeyPatterns describe the entries of one owner on a shared server, so that a
// [Clearer] removes them and no others. Each package that writes entries
// exports its patterns.
//
// A pattern is a key in which placeholders in braces, which no key contains,
// stand for other text:
//
//   - {any}: any text, also none
//   - {uuid}: a UUID, such as the id of a project
//   - {int}: 1 to 20 decimal digits
//   - {hex32}: 32 hexadecimal digits
//   - {not} at the beginning: the keys that match the rest are never among
//     the entries, also where another pattern matches
//
// A pattern with any other placeholder matches no key.
type KeyPatterns []string

// Match reports whether the key matches one of the patterns, and none that
// begins with {not}.
func (ps KeyPatterns) Match(key string) bool {
	found := false
	for _, p := range ps {
		rest, not := strings.CutPrefix(p, "{not}")
		switch {
		case found && !not:
		case !matchPattern(rest, key):
		case not:
			return false
		default:
			found = true
		}
	}
	return found
}

// placeholders maps those of a fixed form to the lengths that they can have
// and to what they accept.
var placeholders = map[string]struct {
	least, most int
	accepts     func(string) bool
}{
	"{uuid}":  {36, 36, isUUID},
	"{int}":   {1, 20, func(s string) bool { return consistsOf(s, isDigit) }},
	"{hex32}": {32, 32, func(s string) bool { return consistsOf(s, isHex) }},
}

func matchPattern(pattern, key string) bool {
	literal, _, _ := strings.Cut(pattern, "{")
	key, ok := strings.CutPrefix(key, literal)
	if pattern = pattern[len(literal):]; !ok || pattern == "" {
		return ok && key == ""
	}
	end := strings.IndexByte(pattern, '}') + 1
	name, rest := pattern[:end], pattern[end:]
	least, most, accepts := 0, len(key), func(string) bool { return true }
	if name != "{any}" {
		p, known := placeholders[name]
		if !known {
			return false
		}
		least, most, accepts = p.least, min(p.most, len(key)), p.accepts
	}
	for n := least; n <= most; n++ {
		if accepts(key[:n]) && matchPattern(rest, key[n:]) {
			return true
		}
	}
	return false
}

// hyphens are the places of a UUID that hold one.
var hyphens = []int{8, 13, 18, 23}

func isUUID(s string) bool {
	for i := range len(s) {
		if slices.Contains(hyphens, i) != (s[i] == '-') || s[i] != '-' && !isHex(s[i]) {
			return false
		}
	}
	return len(s) == 36
}

func consistsOf(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
