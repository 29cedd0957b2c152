package php

import (
	"bytes"
	"fmt"
	"strings"
)

// LiteralError says that a PHP file is not plain data. PHP may still be able to run
// it.
type LiteralError struct {
	// Line and Column count from 1, columns in bytes.
	Line, Column int
	Msg          string
}

func (e *LiteralError) Error() string {
	return fmt.Sprintf("php: line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// LiteralOption changes how [ParseLiteral] reads.
type LiteralOption func(*literalReader)

// WithDir sets the value of __DIR__: the absolute path of the file's directory.
// Without it __DIR__ is a [*LiteralError].
func WithDir(dir string) LiteralOption {
	return func(r *literalReader) { r.dir, r.hasDir = dir, true }
}

// ParseLiteral reads a PHP file that returns plain data, as mosparo's
// config/env.mosparo.php and public/resources/mappings.php, without running
// it. The result is one of [Decode]'s nil, bool, int64, float64, string and
// [*Array].
//
// It reads arrays and numbers in every notation of PHP, strings in all four
// (single-quoted, double-quoted, heredoc, nowdoc), true, false, null, INF, NAN,
// PHP_INT_MAX and PHP_INT_MIN, concatenation, sums and differences of numbers,
// comments, declare(strict_types) and the closing tag. Everything else, whether PHP can run it or not, is a
// [*LiteralError]: variables, calls, other constants, output before the
// opening tag, code after the return, and what depends on PHP's version.
func ParseLiteral(src []byte, opts ...LiteralOption) (any, error) {
	r := &literalReader{src: src}
	for _, o := range opts {
		if o == nil {
			panic("php: ParseLiteral: opts has a nil LiteralOption")
		}
		o(r)
	}
	v, err := r.file()
	if err != nil {
		return nil, err
	}
	return v, nil
}

// literalReader reads a file from its beginning; pos is the next byte.
type literalReader struct {
	src    []byte
	pos    int
	depth  int
	dir    string
	hasDir bool
}

// fail returns an error at the next byte.
func (r *literalReader) fail(format string, args ...any) *LiteralError {
	return r.failAt(r.pos, format, args...)
}

func (r *literalReader) failAt(pos int, format string, args ...any) *LiteralError {
	e := &LiteralError{Line: 1, Msg: fmt.Sprintf(format, args...)}
	start := 0
	for i := 0; i < pos; i++ {
		// PHP ends a line at LF, CR LF and CR.
		if c := r.src[i]; c == '\n' || c == '\r' && (i+1 >= len(r.src) || r.src[i+1] != '\n') {
			e.Line++
			start = i + 1
		}
	}
	e.Column = pos - start + 1
	return e
}

// unexpected returns the error for the next byte.
func (r *literalReader) unexpected() *LiteralError {
	switch rest := r.src[r.pos:]; {
	case len(rest) == 0:
		return r.fail("unexpected end of the file")
	case rest[0] == '$':
		return r.fail("a variable is not data")
	case rest[0] == '&':
		return r.fail("a reference is not data")
	case isNameStart(rest[0]):
		return r.fail("%q is not data", short(string(rest[:nameLen(rest)])))
	case rest[0] < 0x20 || rest[0] > 0x7e:
		return r.fail("unexpected byte 0x%02x", rest[0])
	default:
		return r.fail("unexpected %q", rest[0])
	}
}

func (r *literalReader) file() (any, error) {
	if !bytes.HasPrefix(bytes.ToLower(r.src[:min(5, len(r.src))]), []byte("<?php")) {
		return nil, r.fail("the file does not begin with <?php")
	}
	r.pos = 5
	if r.pos < len(r.src) && !isSpace(r.src[r.pos]) {
		return nil, r.unexpected()
	}
	if err := r.space(); err != nil {
		return nil, err
	}
	if r.word("declare") {
		if err := r.declare(); err != nil {
			return nil, err
		}
	}
	if r.pos == len(r.src) || r.isAtEnd() && r.end() == nil {
		return nil, r.fail("the file returns nothing")
	}
	if !r.word("return") {
		return nil, r.unexpected()
	}
	if err := r.space(); err != nil {
		return nil, err
	}
	var v any
	if !r.isAtEnd() {
		var err error
		if v, err = r.expression(); err != nil {
			return nil, err
		}
	}
	return v, r.end()
}

// declare reads (strict_types=1); after the word.
func (r *literalReader) declare() error {
	for _, want := range []string{"(", "strict_types", "=", "01", ")", ";"} {
		if err := r.space(); err != nil {
			return err
		}
		ok := false
		switch want {
		case "strict_types":
			ok = r.word(want)
		default:
			if ok = r.pos < len(r.src) && strings.IndexByte(want, r.src[r.pos]) >= 0; ok {
				r.pos++
			}
		}
		if !ok {
			return r.unexpected()
		}
	}
	return r.space()
}

// isAtEnd reports whether the statement ends here: with a semicolon or the closing tag.
func (r *literalReader) isAtEnd() bool {
	return r.peek() == ';' || bytes.HasPrefix(r.src[r.pos:], []byte("?>"))
}

// end reads what may follow the statement: only what PHP ignores.
func (r *literalReader) end() error {
	if !r.isAtEnd() {
		return r.unexpected()
	}
	if r.peek() == ';' {
		r.pos++
		if err := r.space(); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(r.src[r.pos:], []byte("?>")) {
		i := bytes.Index(r.src[r.pos:], []byte("<?"))
		if i < 0 {
			return nil
		}
		r.pos += i
	}
	if r.pos < len(r.src) {
		return r.fail("something follows the value")
	}
	return nil
}

// peek returns the next byte, 0 at the end of the file.
func (r *literalReader) peek() byte {
	if r.pos < len(r.src) {
		return r.src[r.pos]
	}
	return 0
}

// word skips the given name, in any case of letters, and reports whether it was there.
// With a backslash behind it, it is part of a longer one: return\true is a constant.
func (r *literalReader) word(name string) bool {
	rest := r.src[r.pos:]
	n := nameLen(rest)
	if n != len(name) || !strings.EqualFold(string(rest[:n]), name) || n < len(rest) && rest[n] == '\\' {
		return false
	}
	r.pos += n
	return true
}

// space skips white space and comments.
func (r *literalReader) space() error {
	for r.pos < len(r.src) {
		rest := r.src[r.pos:]
		switch {
		case isSpace(rest[0]):
			r.pos++
		case bytes.HasPrefix(rest, []byte("/*")):
			i := bytes.Index(rest[2:], []byte("*/"))
			if i < 0 {
				return r.fail("comment without end")
			}
			r.pos += i + 4
		case bytes.HasPrefix(rest, []byte("#[")):
			return r.fail("an attribute is not data")
		case rest[0] == '#' || bytes.HasPrefix(rest, []byte("//")):
			r.lineComment()
		default:
			return nil
		}
	}
	return nil
}

// lineComment skips a comment, which ends with its line or before the closing tag.
func (r *literalReader) lineComment() {
	for ; r.pos < len(r.src); r.pos++ {
		if c := r.src[r.pos]; c == '\n' || c == '\r' || bytes.HasPrefix(r.src[r.pos:], []byte("?>")) {
			return
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// isNameStart reports whether a name can begin with c; to PHP bytes from 0x80 are letters.
func isNameStart(c byte) bool { return isLetter(c) || c == '_' || c >= 0x80 }

func nameLen(b []byte) int {
	if len(b) == 0 || !isNameStart(b[0]) {
		return 0
	}
	n := 1
	for n < len(b) && (isNameStart(b[n]) || isDigitByte(b[n])) {
		n++
	}
	return n
}
