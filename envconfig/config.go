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

// config is the content of env.mosparo.php.
type config struct {
	path   string
	values map[string]settingsfile.Value
	// err is why the file could not be read.
	err error
}

// errConfigUnread is the error of a setting whose value may be in a file that could not
// be read.
var errConfigUnread = errors.New("env.mosparo.php could not be read")

func (c *config) get(name string) (settingsfile.Value, bool) {
	if c == nil {
		return settingsfile.Value{}, false
	}
	v, ok := c.values[name]
	return v, ok
}

// mayContain reports whether the file could not be read and may have a value for the
// name. The names that mosparo's setup writes are in lower case.
func (c *config) mayContain(name string) bool {
	return c != nil && c.err != nil && strings.ToLower(name) == name
}

// configPath returns the path of env.mosparo.php, as mosparo's ConfigHelper does.
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

// ReadPHPFile returns the plain data that a PHP file returns, such as mosparo's
// config/env.mosparo.php or public/resources/mappings.php, as values of package php. It
// does not run the file. The error is a [*dotenv.FileError], with line and column for
// anything that is not plain data, and without the text of the file.
func ReadPHPFile(path string) (any, error) {
	v, err := settingsfile.ReadPHP(path)
	return v, fileError(err)
}

// fileError converts an error of settingsfile to its public type.
func fileError(err error) error {
	var e *settingsfile.Error
	if errors.As(err, &e) {
		return (*dotenv.FileError)(e)
	}
	return err
}
