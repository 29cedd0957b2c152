package settingsfile

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/cache/php"
)

// ReadPHP returns the plain data that a PHP file returns; see [php.ParseLiteral]. The
// error is an [*Error], with line and column for anything that is not plain data.
func ReadPHP(path string) (any, error) {
	content, err := Read(path)
	if err != nil {
		return nil, err
	}
	return parsePHP(path, content)
}

func parsePHP(path string, content []byte) (any, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, &Error{Path: path, Err: err}
	}
	v, err := php.ParseLiteral(content, php.WithDir(dir))
	if err != nil {
		return nil, literalError(path, err)
	}
	return v, nil
}

// literalError converts a [*php.LiteralError] to an [*Error] with its position.
func literalError(path string, err error) error {
	var l *php.LiteralError
	if !errors.As(err, &l) {
		return &Error{Path: path, Err: err}
	}
	msg := l.Msg
	if strings.Contains(msg, `"`) {
		msg = "a word that is not plain data" // it may be a piece of a password with a quote in it
	}
	return &Error{Path: path, Line: l.Line, Column: l.Column, Err: errors.New(msg)}
}

// Kind is how Symfony treats a value of a PHP array.
type Kind uint8

// The kinds of values.
const (
	Text  Kind = iota // a text, or a number or true as text
	False             // as if the value were missing
	Array             // an error
)

// Value is a value of a PHP array.
type Value struct {
	Kind Kind
	Text string
}

// ReadPHPArray returns the named values of a PHP file that returns an array, and nil
// for an empty file. The error is an [*Error].
func ReadPHPArray(path string) (map[string]Value, error) {
	content, err := Read(path)
	if err != nil {
		return nil, err
	}
	if s := string(content); s == "" || s == "0" {
		return nil, nil // what PHP's empty() calls empty
	}
	v, err := parsePHP(path, content)
	if err != nil {
		return nil, err
	}
	array, ok := v.(*php.Array)
	if !ok {
		return nil, &Error{Path: path, Err: errors.New("it returns no array")}
	}
	values := map[string]Value{}
	for _, e := range array.Elements {
		if v, ok := valueOf(e.Value); ok && !e.Key.IsInt {
			values[e.Key.Str] = v
		}
	}
	return values, nil
}

// valueOf returns false for null, which is as if the value were missing.
func valueOf(v any) (Value, bool) {
	switch v := v.(type) {
	case nil:
		return Value{}, false
	case string:
		return Value{Text: v}, true
	case int64:
		return Value{Text: strconv.FormatInt(v, 10)}, true
	case float64:
		return Value{Text: strconv.FormatFloat(v, 'G', -1, 64)}, true
	case bool:
		if v {
			return Value{Text: "1"}, true
		}
		return Value{Kind: False}, true
	}
	return Value{Kind: Array}, true
}
