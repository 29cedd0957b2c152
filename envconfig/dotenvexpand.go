package envconfig

import (
	"errors"
	"fmt"
	"strings"
)

// errCommand refuses what PHP would hand to a shell.
var errCommand = notSupported("$(command) would run a command")

// checkCommands refuses $(command); an escaped \$(command) loses its
// backslash.
func checkCommands(text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		n := 0
		if text[i] == '$' {
			n = commandLength(text[i+1:])
		}
		switch {
		case n == 0:
			b.WriteByte(text[i])
		case i == 0 || text[i-1] != '\\':
			return "", errCommand
		default:
			escaped := b.String()
			b.Reset()
			b.WriteString(escaped[:len(escaped)-1])
			b.WriteString(text[i : i+1+n])
			i += n
		}
	}
	return b.String(), nil
}

// commandLength is the length of the balanced (…) at the start of s, none of
// whose parentheses is empty; 0 if there is none.
func commandLength(s string) int {
	var parts []int // what each open parenthesis holds so far
	for i := range len(s) {
		switch {
		case s[i] == '(':
			parts = append(parts, 0)
		case len(parts) == 0:
			return 0
		case s[i] != ')':
			parts[len(parts)-1]++
		case parts[len(parts)-1] == 0:
			return 0
		case len(parts) == 1:
			return i + 1
		default:
			parts = parts[:len(parts)-1]
			parts[len(parts)-1]++
		}
	}
	return 0
}

// reference is a variable in a value: $NAME, ${NAME}, ${NAME:-default}.
type reference struct {
	brace, closed bool
	name          string
	// fallback is the default with its two signs, or empty.
	fallback string
	length   int
}

// expand replaces the variables in a text.
func (p *dotenvParser) expand(text string) (string, error) {
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
			value, err := p.lookup(ref)
			if err != nil {
				return "", err
			}
			b.WriteString(before)
			b.WriteString(value)
		}
		if b.Len() > maxDotenvValue {
			return "", fmt.Errorf("the value is longer than %d bytes", maxDotenvValue)
		}
		text = after[ref.length:]
	}
}

// parseReference reads what follows a $; every part of it is optional.
func parseReference(s string) reference {
	var r reference
	rest := s
	if rest, r.brace = strings.CutPrefix(rest, "{"); r.brace {
		r.length++
	}
	n := nameLength(rest)
	r.name, rest = rest[:n], rest[n:]
	if len(rest) > 2 && rest[0] == ':' && (rest[1] == '-' || rest[1] == '=') && rest[2] != '}' {
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

// lookup is the text of a reference.
func (p *dotenvParser) lookup(r reference) (string, error) {
	if r.brace && !r.closed {
		return "", errors.New("unclosed braces on variable expansion; an empty default and ${NAME-default} are not possible")
	}
	value := p.variable(r.name)
	if value == "" && r.fallback != "" {
		if i := strings.IndexAny(r.fallback, `'"{$`); i >= 0 {
			return "", fmt.Errorf("unsupported character %q found in the default value of a variable", r.fallback[i])
		}
		value = r.fallback[2:]
		if r.fallback[1] == '=' {
			p.set(r.name, value)
		}
	}
	if !r.brace && r.closed {
		value += "}"
	}
	return value, nil
}

// variable finds a name: a real variable wins, one of an earlier .env file
// does not.
func (p *dotenvParser) variable(name string) string {
	i, own := p.at[name]
	if own && p.env.loaded[name] {
		return p.values[i].Value
	}
	if v, ok := p.env.get(name); ok {
		return v.text
	}
	if own {
		return p.values[i].Value
	}
	return ""
}
