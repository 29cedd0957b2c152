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

// commandEnds finds each balanced (…), none of whose parentheses is empty, and
// returns where it ends by where it begins.
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
