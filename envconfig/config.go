package envconfig

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/cache/php"
)

// configKind is what a value of env.mosparo.php is to Symfony.
type configKind uint8

const (
	configText  configKind = iota // a text, or a number or true as text
	configFalse                   // as if it were not there
	configArray                   // of no use
)

type configValue struct {
	kind configKind
	text string
}

// config are the values of a PHP file that returns an array, such as
// env.mosparo.php.
type config struct {
	path   string
	values map[string]configValue
	// err is why the file could not be read.
	err error
}

// errConfigUnread is what a setting has for an error whose value may be in a
// file that could not be read.
var errConfigUnread = errors.New("env.mosparo.php could not be read")

func (c *config) get(name string) (configValue, bool) {
	if c == nil {
		return configValue{}, false
	}
	v, ok := c.values[name]
	return v, ok
}

// unread reports whether the file may hold a value for a name that we could
// not see. The names of mosparo's set-up are in lower case.
func (c *config) unread(name string) bool {
	return c != nil && c.err != nil && strings.ToLower(name) == name
}

// configPath is where env.mosparo.php lies, as in mosparo's ConfigHelper.
func configPath(dir string, env *environment) (string, error) {
	const pathName, suffixName = "MOSPARO_CONFIG_FILE_PATH", "MOSPARO_ENV_SUFFIX"
	if v, _ := env.get(pathName); truthy(v.text) {
		if !filepath.IsAbs(v.text) {
			return "", &ValueError{Name: pathName, Source: v.source, Err: commentHint(v.text, errors.New("must be an absolute path"))}
		}
		return v.text, nil
	}
	name := "env.mosparo"
	if v, _ := env.get(suffixName); truthy(v.text) {
		if strings.ContainsAny(v.text, "/\\\x00") || hasTrailingComment(v.text) {
			return "", &ValueError{Name: suffixName, Source: v.source, Err: commentHint(v.text, errors.New("must be part of a file name"))}
		}
		name += "." + v.text
	}
	return filepath.Join(dir, "config", name+".php"), nil
}

// readConfig reads env.mosparo.php; a missing or empty file has no values.
func readConfig(path string) *config {
	if !exists(path) {
		return &config{path: path}
	}
	array, err := readPHPArray(path)
	c := newConfig(path, array)
	c.err = err
	return c
}

// ReadPHPFile reads a PHP file that returns plain data, such as mosparo's
// config/env.mosparo.php or public/resources/mappings.php, without running
// it; see [php.ParseLiteral] for what comes out. The error is a [*FileError]
// with line and column for what is no plain data, without the text of the file.
func ReadPHPFile(path string) (any, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parsePHPFile(path, content)
}

func parsePHPFile(path string, content []byte) (any, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	v, err := php.ParseLiteral(content, php.WithDir(dir))
	if err != nil {
		return nil, literalError(path, err)
	}
	return v, nil
}

// readPHPArray reads a PHP file that returns an array of plain data; the error
// is a [*FileError].
func readPHPArray(path string) (map[string]any, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	if s := string(content); s == "" || s == "0" {
		return nil, nil // what PHP's empty() calls empty
	}
	v, err := parsePHPFile(path, content)
	if err != nil {
		return nil, err
	}
	array, ok := v.(*php.Array)
	if !ok {
		return nil, &FileError{Path: path, Err: errors.New("it returns no array")}
	}
	values := map[string]any{}
	for _, e := range array.Elements {
		if !e.Key.IsInt {
			values[e.Key.Str] = e.Value // a file has no references
		}
	}
	return values, nil
}

// literalError moves the place of a [*php.LiteralError] into a [*FileError].
func literalError(path string, err error) error {
	var l *php.LiteralError
	if !errors.As(err, &l) {
		return &FileError{Path: path, Err: err}
	}
	msg := l.Msg
	if strings.Contains(msg, `"`) {
		msg = "a word that is not plain data" // it may be a piece of a password with a quote in it
	}
	return &FileError{Path: path, Line: l.Line, Column: l.Column, Err: errors.New(msg)}
}

func newConfig(path string, values map[string]any) *config {
	c := &config{path: path, values: map[string]configValue{}}
	for name, v := range values {
		switch v := v.(type) {
		case nil:
		case string:
			c.values[name] = configValue{text: v}
		case int64:
			c.values[name] = configValue{text: strconv.FormatInt(v, 10)}
		case float64:
			c.values[name] = configValue{text: strconv.FormatFloat(v, 'G', -1, 64)}
		case bool:
			if v {
				c.values[name] = configValue{text: "1"}
			} else {
				c.values[name] = configValue{kind: configFalse}
			}
		default:
			c.values[name] = configValue{kind: configArray}
		}
	}
	return c
}
