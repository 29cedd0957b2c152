package envconfig

import (
	"errors"
	"fmt"
	"strings"
)

// Variable is an assignment of a .env file.
type Variable struct {
	Name, Value string
}

// maxDotenvValue bounds a value in bytes, since variables in variables can
// double it with every line.
const maxDotenvValue = 1 << 20

// maxDotenvValues bounds all values of a file together: a few bytes of it can
// name a long one.
const maxDotenvValues = 64 << 20

// ParseDotenv reads the content of a .env file as Symfony's Dotenv 6.4 does
// and returns its variables in order, each once. Variables in values are
// looked up in environ ("NAME=value", as os.Environ gives them) first, then
// among those that the file has set before. path is for errors only.
//
// The error is a [*FileError] with line and column. $(command), which PHP
// hands to a shell, is an error that unwraps to [ErrNotSupported].
func ParseDotenv(path string, content []byte, environ []string) ([]Variable, error) {
	return parseDotenv(path, content, newEnvironment(environ))
}

func parseDotenv(path string, content []byte, env *environment) ([]Variable, error) {
	p := &dotenvParser{
		path: path, env: env, at: map[string]int{},
		data: strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(content)),
	}
	if err := p.parse(); err != nil {
		return nil, p.located(err)
	}
	return p.values, nil
}

// dotenvParser walks through one file.
type dotenvParser struct {
	path string
	data string
	pos  int
	// start is the beginning of what an error is about.
	start  int
	env    *environment
	values []Variable
	at     map[string]int
	// size is what all values so far took.
	size int
}

func (p *dotenvParser) set(name, value string) {
	i, ok := p.at[name]
	if !ok {
		i = len(p.values)
		p.at[name] = i
		p.values = append(p.values, Variable{Name: name})
	}
	p.values[i].Value = value
}

// located adds line and column of p.start to an error.
func (p *dotenvParser) located(err error) error {
	before := p.data[:min(p.start, len(p.data))]
	line := 1 + strings.Count(before, "\n")
	return &FileError{Path: p.path, Line: line, Column: len(before) - strings.LastIndexByte(before, '\n'), Err: err}
}

// fail is an error at the current position.
func (p *dotenvParser) fail(format string, args ...any) error {
	p.start = p.pos
	return fmt.Errorf(format, args...)
}

func (p *dotenvParser) end() bool { return p.pos >= len(p.data) }

// peek is the byte at the current position, a line end behind the last one.
func (p *dotenvParser) peek() byte {
	if p.end() {
		return '\n'
	}
	return p.data[p.pos]
}

func (p *dotenvParser) parse() error {
	if strings.HasPrefix(p.data, "\xef\xbb\xbf") {
		return errors.New("the file starts with a byte-order mark; save it without")
	}
	for p.skipEmptyLines(); !p.end(); p.skipEmptyLines() {
		name, err := p.name()
		if err != nil {
			return err
		}
		value, err := p.value()
		if err != nil {
			return err
		}
		if p.size += len(value); p.size > maxDotenvValues {
			return p.fail("the values are longer than %d bytes together", maxDotenvValues)
		}
		p.set(name, value)
	}
	return nil
}

// skipEmptyLines skips white space and comments.
func (p *dotenvParser) skipEmptyLines() {
	for !p.end() {
		switch p.peek() {
		case ' ', '\t', '\n', '\v', '\f', '\r':
			p.pos++
		case '#':
			for p.pos++; p.peek() != '\n'; {
				p.pos++
			}
		default:
			return
		}
	}
}

// name reads [export ]NAME=.
func (p *dotenvParser) name() (string, error) {
	exported := false
	if rest, ok := strings.CutPrefix(p.data[p.pos:], "export"); ok {
		if blank := len(rest) - len(strings.TrimLeft(rest, " \t")); blank > 0 && nameLength(rest[blank:]) > 0 {
			p.pos += len("export") + blank
			exported = true
		}
	}
	n := nameLength(p.data[p.pos:])
	if n == 0 {
		return "", p.fail("invalid character in variable name")
	}
	name := p.data[p.pos : p.pos+n]
	p.pos += n
	switch c := p.peek(); {
	case (c == '\n' || c == '#') && exported:
		return "", p.fail("unable to unset an environment variable")
	case c == ' ' || c == '\t':
		return "", p.fail("whitespace characters are not supported after the variable name")
	case c != '=':
		return "", p.fail("missing = in the environment variable declaration")
	}
	p.pos++
	return name, nil
}

// nameLength is the length of the variable name at the start of s: an
// underscore at most, a letter, then letters, digits and underscores.
func nameLength(s string) int {
	i := 0
	if i < len(s) && s[i] == '_' {
		i++
	}
	if i >= len(s) || !isLetter(s[i]) {
		return 0
	}
	for i < len(s) && (isLetter(s[i]) || isDigit(s[i]) || s[i] == '_') {
		i++
	}
	return i
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// value reads what follows the =, made of quoted and unquoted parts, up to
// the end of the line.
func (p *dotenvParser) value() (string, error) {
	line, _, _ := strings.Cut(p.data[p.pos:], "\n")
	if blank := strings.TrimLeft(line, " \t"); blank == "" || blank[0] == '#' {
		p.pos += len(line)
		return "", nil
	}
	if c := p.peek(); c == ' ' || c == '\t' {
		return "", p.fail("whitespace characters are not supported before the value")
	}
	var v strings.Builder
	for {
		quoted := p.peek() == '\'' || p.peek() == '"'
		part, err := p.part()
		if err != nil {
			return "", err
		}
		if v.WriteString(part); v.Len() > maxDotenvValue {
			return "", p.fail("the value is longer than %d bytes", maxDotenvValue)
		}
		if c := p.peek(); c == '\n' || c == '#' && !quoted {
			return v.String(), nil
		}
	}
}

func (p *dotenvParser) part() (string, error) {
	p.start = p.pos
	switch p.peek() {
	case '\'':
		return p.singleQuoted()
	case '"':
		return p.doubleQuoted()
	default:
		return p.unquoted()
	}
}

var errMissingQuote = errors.New("missing quote to end the value")

func (p *dotenvParser) singleQuoted() (string, error) {
	text, _, closed := strings.Cut(p.data[p.pos+1:], "'")
	if !closed {
		return "", errMissingQuote
	}
	p.pos += len(text) + 2
	// PHP takes $(…) between single quotes as it stands, but a file that holds
	// it was hardly written for that.
	for at := range commandEnds(text) {
		if at > 0 && text[at-1] == '$' {
			return "", errCommand
		}
	}
	return text, nil
}

func (p *dotenvParser) doubleQuoted() (string, error) {
	from := p.pos + 1
	for p.pos = from; ; p.pos++ {
		if p.end() {
			return "", errMissingQuote
		}
		if p.data[p.pos] == '"' && (p.data[p.pos-1] != '\\' || p.data[p.pos-2] == '\\') {
			break
		}
	}
	text := p.data[from:p.pos]
	p.pos++
	text = strings.ReplaceAll(text, `\"`, `"`)
	text = strings.ReplaceAll(text, `\r`, "\r")
	text = strings.ReplaceAll(text, `\n`, "\n")
	return p.resolve(text)
}

// unquoted reads up to a quote, a comment or the end of the line.
func (p *dotenvParser) unquoted() (string, error) {
	var b strings.Builder
	previous := p.data[p.pos-1]
	for !p.end() {
		c := p.data[p.pos]
		if c == '\n' || c == '"' || c == '\'' || c == '#' && (previous == ' ' || previous == '\t') {
			break
		}
		if c == '\\' && p.pos+1 < len(p.data) && (p.data[p.pos+1] == '"' || p.data[p.pos+1] == '\'') {
			p.pos++
			c = p.data[p.pos]
		}
		b.WriteByte(c)
		previous = c
		p.pos++
		if c == '$' && p.peek() == '(' {
			nested, err := p.nested()
			if err != nil {
				return "", err
			}
			b.WriteString(nested)
		}
	}
	value := strings.TrimRight(b.String(), " \t\n\r\x00\v")
	resolved, err := p.resolve(value)
	if err == nil && resolved == value && strings.ContainsAny(value, " \t\n\r\v\f") {
		err = errors.New("a value containing spaces must be surrounded by quotes")
	}
	return resolved, err
}

// nested reads a (…) with what is nested in it, on one line.
func (p *dotenvParser) nested() (string, error) {
	from := p.pos
	for depth := 0; ; p.pos++ {
		switch p.peek() {
		case '\n':
			return "", p.fail("missing closing parenthesis")
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.pos++
				return p.data[from:p.pos], nil
			}
		}
	}
}

// resolve replaces variables and escapes.
func (p *dotenvParser) resolve(text string) (string, error) {
	if strings.Contains(text, "$") {
		var err error
		if text, err = checkCommands(text); err != nil {
			return "", err
		}
		if text, err = p.expand(text); err != nil {
			return "", err
		}
	}
	return strings.ReplaceAll(text, `\\`, `\`), nil
}
