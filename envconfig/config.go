package envconfig

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/dotenv"
	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// config is env.mosparo.php.
type config struct {
	path   string
	values map[string]settingsfile.Value
	// err is why the file could not be read.
	err error
}

// errConfigUnread is what a setting has for an error whose value may be in a
// file that could not be read.
var errConfigUnread = errors.New("env.mosparo.php could not be read")

func (c *config) get(name string) (settingsfile.Value, bool) {
	if c == nil {
		return settingsfile.Value{}, false
	}
	v, ok := c.values[name]
	return v, ok
}

// mayContain reports whether the file could not be read and may hold a value for
// the name. The names of mosparo's set-up are in lower case.
func (c *config) mayContain(name string) bool {
	return c != nil && c.err != nil && strings.ToLower(name) == name
}

// configPath is where env.mosparo.php lies, as in mosparo's ConfigHelper.
func configPath(dir string, env *environment) (string, error) {
	const pathName, suffixName = "MOSPARO_CONFIG_FILE_PATH", "MOSPARO_ENV_SUFFIX"
	if v, _ := env.get(pathName); phptext.IsTrue(v.text) {
		if !filepath.IsAbs(v.text) {
			return "", &ValueError{Name: pathName, Source: v.source, Err: errtext.CommentHint(v.text, errors.New("must be an absolute path"))}
		}
		return v.text, nil
	}
	name := "env.mosparo"
	if v, _ := env.get(suffixName); phptext.IsTrue(v.text) {
		if strings.ContainsAny(v.text, "/\\\x00") || errtext.HasComment(v.text) {
			return "", &ValueError{Name: suffixName, Source: v.source, Err: errtext.CommentHint(v.text, errors.New("must be part of a file name"))}
		}
		name += "." + v.text
	}
	return filepath.Join(dir, "config", name+".php"), nil
}

// readConfig reads env.mosparo.php; a missing or empty file has no values.
func readConfig(path string) *config {
	if !settingsfile.Exists(path) {
		return &config{path: path}
	}
	values, err := settingsfile.ReadPHPArray(path)
	return &config{path: path, values: values, err: fileError(err)}
}

// ReadPHPFile reads a PHP file that returns plain data, such as mosparo's
// config/env.mosparo.php or public/resources/mappings.php, without running
// it; see cache/php for what comes out. The error is a
// [*dotenv.FileError] with line and column for what is no plain data, without the
// text of the file.
func ReadPHPFile(path string) (any, error) {
	v, err := settingsfile.ReadPHP(path)
	return v, fileError(err)
}

// fileError is an error of settingsfile in its public form.
func fileError(err error) error {
	var e *settingsfile.Error
	if errors.As(err, &e) {
		return (*dotenv.FileError)(e)
	}
	return err
}
