package dotenv

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
)

// errCommand reports a command that PHP would run in a shell.
var errCommand = errtext.NotSupported("$(command) would run a command")

// checkCommands returns errCommand for $(command), and removes the backslash of an escaped
// \$(command).
func checkCommands(text string) (string, error) {
	ends := commandEnds(text)
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		end := 0
		if text[i] == '$' {
			end = ends[i+1]
		}
		switch {
		case end == 0:
			b = append(b, text[i])
		case i == 0 || text[i-1] != '\\':
			return "", errCommand
		default:
			b = append(b[:len(b)-1], text[i:end]...)
			i = end - 1
		}
	}
	return string(b), nil
}

// commandEnds finds each balanced (…) without an empty pair of parentheses, and maps its
// start to its end.
func commandEnds(s string) map[int]int {
	type group struct {
		at             int
		filled, broken bool
	}
	ends := map[int]int{}
	open := []group{{}} // the first is the text itself
	for i := range len(s) {
		top := &open[len(open)-1]
		switch {
		case s[i] == '(':
			open = append(open, group{at: i})
		case s[i] != ')':
			top.filled = true
		case len(open) > 1:
			outer := &open[len(open)-2]
			if top.filled && !top.broken {
				ends[top.at] = i + 1
			} else {
				outer.broken = true
			}
			outer.filled = true
			open = open[:len(open)-1]
		}
	}
	return ends
}

// reference is a variable in a value: $NAME, ${NAME}, ${NAME:-default}.
type reference struct {
	brace, closed bool
	name          string
	// fallback is the default with its :- or :=, or empty.
	fallback string
	length   int
}

// expand replaces the references in a raw text by the values that find returns. It calls
// assign for ${NAME:=default}.
func expand(text string, find func(name string) string, assign func(name, value string)) (string, error) {
	if !strings.Contains(text, "$") {
		return text, nil
	}
	text, err := checkCommands(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		dollar := strings.IndexByte(text, '$')
		if dollar < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		before, after := text[:dollar], text[dollar+1:]
		if strings.HasPrefix(after, "(") {
			b.WriteString(text[:dollar+1])
			text = after
			continue
		}
		ref := parseReference(after)
		backslashes := len(before) - len(strings.TrimRight(before, `\`))
		switch {
		case backslashes%2 == 1: // an escaped $ stays, with one backslash less
			b.WriteString(before[:len(before)-1])
			b.WriteString(text[dollar : dollar+1+ref.length])
		case ref.name == "" && ref.fallback == "" && !ref.closed:
			b.WriteString(text[:dollar+1+ref.length])
		default:
			value, err := ref.value(find, assign)
			if err != nil {
				return "", err
			}
			b.WriteString(before)
			b.WriteString(value)
		}
		if b.Len() > maxValue {
			return "", fmt.Errorf("the value is longer than %d bytes", maxValue)
		}
		text = after[ref.length:]
	}
}

// parseReference parses what follows a $; every part of it is optional.
func parseReference(s string) reference {
	var r reference
	rest := s
	if rest, r.brace = strings.CutPrefix(rest, "{"); r.brace {
		r.length++
	}
	n := nameLength(rest)
	r.name, rest = rest[:n], rest[n:]
	if len(rest) >= 2 && rest[0] == ':' && (rest[1] == '-' || rest[1] == '=') {
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			end = len(rest)
		}
		r.fallback, rest = rest[:end], rest[end:]
	}
	r.closed = strings.HasPrefix(rest, "}")
	r.length += len(r.name) + len(r.fallback)
	if r.closed {
		r.length++
	}
	return r
}

// value returns the text that replaces the reference.
func (r reference) value(find func(name string) string, assign func(name, value string)) (string, error) {
	if r.brace && !r.closed {
		return "", errors.New("unclosed braces on variable expansion; a default begins with :- or :=")
	}
	value := find(r.name)
	if value == "" && r.fallback != "" {
		if i := strings.IndexAny(r.fallback, `'"{$`); i >= 0 {
			return "", fmt.Errorf("unsupported character %q found in the default value of a variable", r.fallback[i])
		}
		value = r.fallback[2:]
		if r.fallback[1] == '=' {
			assign(r.name, value)
		}
	}
	if !r.brace && r.closed {
		value += "}"
	}
	return value, nil
}

// refersTo reports whether a raw text refers to the variable.
func refersTo(text, name string) bool {
	for {
		_, after, ok := strings.Cut(text, "$")
		if !ok {
			return false
		}
		text = after
		rest, ok := strings.CutPrefix(strings.TrimPrefix(after, "{"), name)
		if ok && (rest == "" || !isLetter(rest[0]) && !isDigit(rest[0]) && rest[0] != '_') {
			return true
		}
	}
}

// escapeExternal escapes a text of the environment so that [expand] does not change it.
func escapeExternal(text string) string {
	return strings.NewReplacer(`\`, `\\`, "$", literalDollar).Replace(text)
}

// restore converts a raw text without references to its value.
func restore(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, `\\`, `\`), literalDollar, "$")
}
