package php

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"
)

// singleQuoted reads 'text', in which only \\ and \' are escapes.
func (r *literalReader) singleQuoted() (any, error) {
	start := r.pos
	var b []byte
	for r.pos++; r.pos < len(r.src); r.pos++ {
		switch c := r.src[r.pos]; c {
		case '\'':
			r.pos++
			return string(b), nil
		case '\\':
			if n := r.pos + 1; n < len(r.src) && (r.src[n] == '\\' || r.src[n] == '\'') {
				r.pos++
			}
			b = append(b, r.src[r.pos])
		default:
			b = append(b, c)
		}
	}
	return nil, r.failAt(start, "string without end")
}

func (r *literalReader) doubleQuoted() (any, error) {
	start := r.pos
	r.pos++
	for i := r.pos; i < len(r.src); i++ {
		switch r.src[i] {
		case '"':
			s, err := r.escaped(r.src[:i], '"')
			r.pos++
			return s, err
		case '\\':
			i++
		}
	}
	return nil, r.failAt(start, "string without end")
}

// escaped reads a double-quoted string from the next byte to the end of src, which
// is the file up to the closing quote.
func (r *literalReader) escaped(src []byte, quote byte) (any, error) {
	b := make([]byte, 0, len(src)-r.pos)
	for r.pos < len(src) {
		c, next := src[r.pos], byte(0)
		if r.pos+1 < len(src) {
			next = src[r.pos+1]
		}
		switch {
		case c == '$' && (isNameStart(next) || next == '{'), c == '{' && next == '$':
			return nil, r.fail("a variable in a string is not data")
		case c == '\\' && r.pos+1 < len(src):
			var err error
			if b, err = r.escape(b, src, quote); err != nil {
				return nil, err
			}
		default:
			b = append(b, c)
			r.pos++
		}
	}
	return string(b), nil
}

var simpleEscapes = map[byte]byte{
	'n': '\n', 't': '\t', 'r': '\r', 'v': '\v', 'e': 0x1b, 'f': '\f', '\\': '\\', '$': '$',
}

// escape appends the meaning of the escape sequence at the next byte; an unknown one
// stands for itself.
func (r *literalReader) escape(b, src []byte, quote byte) ([]byte, error) {
	c := src[r.pos+1]
	if s, ok := simpleEscapes[c]; ok || c == quote && quote != 0 {
		if !ok {
			s = quote
		}
		r.pos += 2
		return append(b, s), nil
	}
	rest := src[r.pos+1:]
	switch {
	case c >= '0' && c <= '7':
		n, v := 0, 0
		for n < 3 && n < len(rest) && rest[n] >= '0' && rest[n] <= '7' {
			v = v*8 + int(rest[n]-'0')
			n++
		}
		r.pos += 1 + n
		return append(b, byte(v)), nil // \400 and above lose their top bit
	case (c == 'x' || c == 'X') && len(rest) > 1 && digitValue(rest[1]) < 16:
		v, n := digitValue(rest[1]), 2
		if len(rest) > 2 && digitValue(rest[2]) < 16 {
			v, n = v<<4|digitValue(rest[2]), 3
		}
		r.pos += 1 + n
		return append(b, byte(v)), nil
	case c == 'u' && len(rest) > 1 && rest[1] == '{':
		return r.codePoint(b, rest[2:])
	}
	r.pos += 2
	return append(b, '\\', c), nil
}

// codePoint appends \u{…} as PHP does, which also takes half surrogates.
func (r *literalReader) codePoint(b, hex []byte) ([]byte, error) {
	n, v := 0, 0
	for n < len(hex) && digitValue(hex[n]) < 16 && v <= utf8.MaxRune {
		v = v<<4 | digitValue(hex[n])
		n++
	}
	if n == 0 || n == len(hex) || hex[n] != '}' || v > utf8.MaxRune {
		return nil, r.fail("not a code point")
	}
	r.pos += 3 + n + 1
	if v >= 0xd800 && v < 0xe000 {
		return append(b, 0xe0|byte(v>>12), 0x80|byte(v>>6)&0x3f, 0x80|byte(v)&0x3f), nil
	}
	return utf8.AppendRune(b, rune(v)), nil
}

// heredoc reads <<<END and <<<'END', whose closing label may be indented.
func (r *literalReader) heredoc() (any, error) {
	start := r.pos
	if !bytes.HasPrefix(r.src[r.pos:], []byte("<<<")) {
		return nil, r.unexpected()
	}
	r.pos += 3
	for r.peek() == ' ' || r.peek() == '\t' {
		r.pos++
	}
	quote := r.peek()
	if quote == '\'' || quote == '"' {
		r.pos++
	} else {
		quote = 0
	}
	n := nameLen(r.src[r.pos:])
	label := r.src[r.pos : r.pos+n]
	r.pos += n
	if quote != 0 && r.peek() == quote {
		r.pos++
	} else if quote != 0 {
		return nil, r.failAt(start, "not a heredoc")
	}
	nl := newline(r.src[r.pos:])
	if n == 0 || nl == 0 {
		return nil, r.failAt(start, "not a heredoc")
	}
	r.pos += nl
	body, indent, after, ok := r.heredocBody(label)
	if !ok {
		return nil, r.failAt(start, "heredoc without end")
	}
	text, err := r.unindent(body, indent)
	if err != nil {
		return nil, err
	}
	var v any = text
	if quote != '\'' {
		// Errors inside point to the start of the heredoc: with the indentation
		// gone, offsets are no longer those of the file.
		inner := &literalReader{src: []byte(text)}
		if v, err = inner.escaped(inner.src, 0); err != nil {
			var inside *LiteralError
			if errors.As(err, &inside) {
				err = errors.New(inside.Msg)
			}
			return nil, r.failAt(start, "%v", err)
		}
	}
	r.pos = after
	return v, nil
}

// heredocBody finds the lines up to the one that begins with the label.
func (r *literalReader) heredocBody(label []byte) (body, indent string, after int, ok bool) {
	for line := r.pos; ; {
		i := line
		for i < len(r.src) && (r.src[i] == ' ' || r.src[i] == '\t') {
			i++
		}
		if rest := r.src[i:]; nameLen(rest) == len(label) && bytes.HasPrefix(rest, label) {
			body = string(r.src[r.pos:line])
			// The last line break belongs to the closing label.
			body = strings.TrimSuffix(body, "\n")
			if len(body) == line-r.pos || strings.HasSuffix(body, "\r") {
				body = strings.TrimSuffix(body, "\r")
			}
			return body, string(r.src[line:i]), i + len(label), true
		}
		next := bytes.IndexAny(r.src[line:], "\r\n")
		if next < 0 {
			return "", "", 0, false
		}
		line += next
		line += newline(r.src[line:])
	}
}

// newline returns the length of the line break at the beginning of b.
func newline(b []byte) int {
	switch {
	case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
		return 2
	case len(b) > 0 && (b[0] == '\r' || b[0] == '\n'):
		return 1
	}
	return 0
}

// unindent removes the indentation of the closing label from every line.
func (r *literalReader) unindent(body, indent string) (string, error) {
	if indent == "" || body == "" {
		return body, nil
	}
	if strings.Trim(indent, indent[:1]) != "" {
		return "", r.fail("indentation with spaces and tabs")
	}
	var b strings.Builder
	for rest := body; rest != ""; {
		if rest[0] != '\n' && rest[0] != '\r' {
			if !strings.HasPrefix(rest, indent) {
				return "", r.fail("a line of the heredoc is indented less than its end")
			}
			rest = rest[len(indent):]
		}
		end := strings.IndexAny(rest, "\r\n")
		if end < 0 {
			end = len(rest)
		} else {
			end += newline([]byte(rest[end:min(end+2, len(rest))]))
		}
		b.WriteString(rest[:end])
		rest = rest[end:]
	}
	return b.String(), nil
}
