package dotenv

import (
	"errors"
	"fmt"
	"strings"
)

// Variable is a variable of a .env file.
type Variable struct {
	Name, Value string
	// File is the file that the value comes from; empty if the value is that of the
	// environment or a default of Symfony.
	File string
}

// maxValue limits a value, in bytes: references can double a text with every line.
const maxValue = 1 << 20

// maxValues limits all values of a file together, in bytes: a short reference can stand
// for a long text.
const maxValues = 64 << 20

// Parse parses the content of one .env file as Dotenv::parse of Symfony 6.4 does, and
// returns its variables in order, each once. It opens nothing; path is for errors and
// [Variable].File.
//
// References are resolved in order. Each is looked up in environ ("NAME=value" texts, as
// os.Environ returns), then among the earlier variables of the file; for names that begin
// with HTTP_ the file comes first. A Symfony application resolves them after all
// files of its directory are read; [Load] does that.
//
// The error is a [*FileError] with line and column. It unwraps to [errors.ErrUnsupported]
// for $(command), which PHP would run in a shell.
func Parse(path string, content []byte, environ []string) ([]Variable, error) {
	assignments, err := lex(path, content)
	if err != nil {
		return nil, err
	}
	s := &scope{path: path, env: newEnvironment(environ), at: map[string]int{}}
	for _, a := range assignments {
		value, err := s.resolve(a.raw)
		if err != nil {
			return nil, a.place.error(err)
		}
		s.set(a.name, value)
	}
	return s.values, nil
}

// place is the position of a value.
type place struct {
	path         string
	line, column int
}

func (p place) error(err error) error {
	return &FileError{Path: p.path, Line: p.line, Column: p.column, Err: err}
}

// assignment is NAME=value before its references are resolved.
type assignment struct {
	name string
	// raw is the value without quotes. In it a literal backslash is doubled, and a
	// literal dollar sign is a NUL, which files do not contain.
	raw   string
	place place
}

// literalDollar stands for a $ that does not start a reference.
const literalDollar = "\x00"

// lex returns the assignments of a file in order.
func lex(path string, content []byte) ([]assignment, error) {
	p := &lexer{path: path, line: 1, data: strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(content))}
	if err := p.parse(); err != nil {
		return nil, p.placeOf(p.start).error(err)
	}
	return p.assignments, nil
}

// lexer is the state of parsing a file.
type lexer struct {
	path string
	data string
	pos  int
	// start is the position for errors.
	start       int
	assignments []assignment
	// line is the line of the position counted, lineStart the position where it begins.
	line, counted, lineStart int
}

// placeOf returns line and column of a position, from 1. Positions must not decrease from
// call to call.
func (p *lexer) placeOf(pos int) place {
	passed := p.data[p.counted:min(pos, len(p.data))]
	if i := strings.LastIndexByte(passed, '\n'); i >= 0 {
		p.line += strings.Count(passed, "\n")
		p.lineStart = p.counted + i + 1
	}
	p.counted += len(passed)
	return place{path: p.path, line: p.line, column: p.counted - p.lineStart + 1}
}

// fail returns an error at the current position.
func (p *lexer) fail(format string, args ...any) error {
	p.start = p.pos
	return fmt.Errorf(format, args...)
}

func (p *lexer) atEnd() bool { return p.pos >= len(p.data) }

// peek returns the byte at the current position, and a line feed at the end.
func (p *lexer) peek() byte {
	if p.atEnd() {
		return '\n'
	}
	return p.data[p.pos]
}

func (p *lexer) parse() error {
	if strings.HasPrefix(p.data, "\xef\xbb\xbf") {
		return errors.New("the file starts with a byte-order mark; save it without")
	}
	if i := strings.IndexByte(p.data, 0); i >= 0 {
		p.start = i
		return errors.New("the file contains a NUL byte")
	}
	for p.skipEmptyLines(); !p.atEnd(); p.skipEmptyLines() {
		name, err := p.parseName()
		if err != nil {
			return err
		}
		at := p.placeOf(p.pos)
		value, err := p.parseValue()
		if err != nil {
			return err
		}
		p.assignments = append(p.assignments, assignment{name, value, at})
	}
	return nil
}

// skipEmptyLines skips white space and comments.
func (p *lexer) skipEmptyLines() {
	for !p.atEnd() {
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

// parseName parses [export ]NAME=.
func (p *lexer) parseName() (string, error) {
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

// nameLength returns the length of the variable name at the start of s: any number of
// underscores, of which earlier releases of Symfony 6.4 take one, then a letter, then
// letters, digits and underscores.
func nameLength(s string) int {
	i := len(s) - len(strings.TrimLeft(s, "_"))
	if i >= len(s) || !isLetter(s[i]) {
		return 0
	}
	for i < len(s) && (isLetter(s[i]) || isDigit(s[i]) || s[i] == '_') {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// parseValue parses the quoted and unquoted parts from the = to the end of the line.
func (p *lexer) parseValue() (string, error) {
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
		part, err := p.parsePart()
		if err != nil {
			return "", err
		}
		if v.WriteString(part); v.Len() > maxValue {
			return "", p.fail("the value is longer than %d bytes", maxValue)
		}
		if c := p.peek(); c == '\n' || c == '#' && !quoted {
			return v.String(), nil
		}
	}
}

func (p *lexer) parsePart() (string, error) {
	p.start = p.pos
	switch p.peek() {
	case '\'':
		return p.parseSingleQuoted()
	case '"':
		return p.parseDoubleQuoted()
	default:
		return p.parseUnquoted()
	}
}

var errMissingQuote = errors.New("missing quote to end the value")

// parseSingleQuoted parses a literal text.
func (p *lexer) parseSingleQuoted() (string, error) {
	text, _, closed := strings.Cut(p.data[p.pos+1:], "'")
	if !closed {
		return "", errMissingQuote
	}
	p.pos += len(text) + 2
	return strings.NewReplacer(`\`, `\\`, "$", literalDollar).Replace(text), nil
}

func (p *lexer) parseDoubleQuoted() (string, error) {
	from := p.pos + 1
	for p.pos = from; ; p.pos++ {
		if p.atEnd() {
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
	return markEscapedDollars(text), nil
}

// parseUnquoted parses up to a quote, a comment or the end of the line.
func (p *lexer) parseUnquoted() (string, error) {
	var b strings.Builder
	previous := p.data[p.pos-1]
	for !p.atEnd() {
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
			nested, err := p.parseNested()
			if err != nil {
				return "", err
			}
			b.WriteString(nested)
		}
	}
	value := strings.TrimRight(b.String(), " \t\v")
	marked := markEscapedDollars(value)
	if marked == value && strings.ContainsAny(value, " \t\v\f") && !strings.Contains(value, "$") {
		return "", errors.New("a value containing spaces must be surrounded by quotes")
	}
	return marked, nil
}

// markEscapedDollars replaces each $ after an odd number of backslashes by literalDollar,
// and removes the last backslash.
func markEscapedDollars(text string) string {
	before, after, ok := strings.Cut(text, "$")
	if !ok {
		return text
	}
	var b strings.Builder
	for ok {
		if n := len(before) - len(strings.TrimRight(before, `\`)); n%2 == 1 {
			b.WriteString(before[:len(before)-1])
			b.WriteString(literalDollar)
		} else {
			b.WriteString(before)
			b.WriteByte('$')
		}
		before, after, ok = strings.Cut(after, "$")
	}
	b.WriteString(before)
	return b.String()
}

// parseNested parses a balanced (…) on one line.
func (p *lexer) parseNested() (string, error) {
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
