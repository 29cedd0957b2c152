package envconfig

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// resolver converts texts to settings and collects the errors.
type resolver struct {
	dir       string
	env       *environment
	config    *config
	variables []Variable
	errs      []error
}

// lookup is Symfony's %env(NAME)%: the value of the environment with the .env files, or
// that of env.mosparo.php if the first is missing or empty. If found is false, the
// default counts.
func (r *resolver) lookup(name string) (text string, src Source, found bool, err error) {
	v, inEnv := r.env.get(name)
	if inEnv && v.text != "" {
		return v.text, v.source, true, nil
	}
	c, inConfig := r.config.get(name)
	switch {
	case r.config.mayContain(name):
		return "", Source(r.config.path), false, errConfigUnread
	case !inConfig && inEnv:
		return "", v.source, true, nil
	case !inConfig:
		return "", SourceDefault, false, nil
	case c.Kind == settingsfile.False:
		// A false hides even a variable with an empty value.
		return "", SourceDefault, false, nil
	case c.Kind == settingsfile.Array:
		return "", Source(r.config.path), true, errors.New("must be a text or number, not an array")
	}
	return c.Text, Source(r.config.path), true, nil
}

// lookupEnv is PHP's $_ENV[name], which does not include env.mosparo.php.
func (r *resolver) lookupEnv(name string) (text string, src Source, found bool, err error) {
	v, ok := r.env.get(name)
	if !ok {
		return "", SourceDefault, false, nil
	}
	return v.text, v.source, true, nil
}

type lookupFunc func(name string) (text string, src Source, found bool, err error)

// converter converts a text to a value, with a warning or an error.
type converter[T any] func(text string) (value T, warning string, err error)

// resolve returns the value of a setting and records it for [Settings.Variable]. After an
// error the value is the default, or the zero value if the file that may contain it could
// not be read.
func resolve[T any](r *resolver, lookup lookupFunc, name string, def T, convert converter[T], show func(T) string) T {
	text, src, found, err := lookup(name)
	value, v := def, Variable{Name: name, Source: src}
	if found && err == nil {
		value, v.Warning, err = convert(text)
	}
	switch {
	case errors.Is(err, errConfigUnread): // reported once, for the file
		value = *new(T)
		v.Error = err.Error()
	case err != nil:
		value = def
		v.Error = err.Error()
		r.errs = append(r.errs, &ValueError{Name: name, Source: src, Err: err})
	default:
		v.Value = show(value)
	}
	r.variables = append(r.variables, v)
	return value
}

// variable returns a setting that was resolved before.
func (r *resolver) variable(name string) Variable { return find(r.variables, name) }

// warn adds a warning to a setting that was resolved before.
func (r *resolver) warn(name, warning string) {
	v := &r.variables[indexOf(r.variables, name)]
	v.Warning = joinWarnings(v.Warning, warning)
}

// show replaces the shown value of a setting that was resolved before.
func (r *resolver) show(name, text string) {
	r.variables[indexOf(r.variables, name)].Value = text
}

func joinWarnings(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

func (r *resolver) text(name, def string) string {
	return resolve(r, r.lookup, name, def, func(s string) (string, string, error) { return s, "", nil }, showText)
}

func (r *resolver) path(name, def string) string {
	return resolve(r, r.lookup, name, def, convertPath, showText)
}

func (r *resolver) envPath(name string) string {
	return resolve(r, r.lookupEnv, name, "", convertPath, showText)
}

func (r *resolver) secret(name string) dsn.Secret {
	return resolve(r, r.lookup, name, dsn.Secret{}, convertSecret, dsn.Secret.String)
}

func convertSecret(s string) (dsn.Secret, string, error) { return dsn.NewSecret(s), "", nil }

func (r *resolver) bool(name string, def bool) bool {
	return resolve(r, r.lookup, name, def, convertBool, showBool)
}

// phpBool resolves a switch that PHP reads without Symfony's bool conversion: any text
// but the empty one and 0 is true.
func (r *resolver) phpBool(lookup lookupFunc, name string) bool {
	return resolve(r, lookup, name, false, convertPHPBool, showBool)
}

// seconds resolves a number of seconds that only PHP nodes use, to list it and to warn.
func (r *resolver) seconds(name string, def time.Duration) {
	resolve(r, r.lookup, name, def, func(s string) (time.Duration, string, error) {
		n, err := convertInt(s)
		const most = int64(1<<63-1) / int64(time.Second)
		return time.Duration(min(max(n, -most), most)) * time.Second, "", err
	}, time.Duration.String)
}

// boundedDuration resolves a number of units from 1 to most. For any other number PHP uses the
// default.
func (r *resolver) boundedDuration(name string, def, most int64, unit time.Duration) time.Duration {
	return resolve(r, r.lookup, name, time.Duration(def)*unit, func(s string) (time.Duration, string, error) {
		n, err := convertInt(s)
		if err == nil && (n < 1 || n > most) {
			return time.Duration(def) * unit, fmt.Sprintf("%d is outside 1-%d, so the default %d is used", n, most, def), nil
		}
		return time.Duration(n) * unit, "", err
	}, time.Duration.String)
}

func convertPath(s string) (string, string, error) {
	if errtext.HasComment(s) {
		return "", "", errtext.ErrComment
	}
	return s, "", nil
}

func convertBool(s string) (bool, string, error) {
	if errtext.HasComment(s) {
		return false, "", errtext.ErrComment
	}
	b, warning := phptext.EnvBool(s), ""
	if !b && looksTrue(s) {
		warning = fmt.Sprintf("%q is not among the words for true (1, true, on, yes), so it is false", s)
	}
	return b, warning, nil
}

// looksTrue reports whether a text that is false was probably meant as true.
func looksTrue(s string) bool {
	switch strings.ToLower(strings.Trim(s, phptext.FilterTrim+`"'`)) {
	case "y", "t", "enabled", "enable", "active", "1", "true", "on", "yes", "ok", "ja", "oui":
		return true
	}
	return false
}

func convertPHPBool(s string) (bool, string, error) {
	if errtext.HasComment(s) {
		return false, "", errtext.ErrComment
	}
	b, warning := phptext.IsTrue(s), ""
	if b && !phptext.EnvBool(s) {
		warning = "in PHP any text but the empty one and 0 means true here, also false, no and off; write 1 or 0"
	}
	return b, warning, nil
}

func convertInt(s string) (int64, error) {
	n, ok := phptext.EnvInt(s)
	if !ok {
		return 0, errtext.CommentHint(s, errors.New("not a number"))
	}
	return n, nil
}

func showText(s string) string { return s }

func showBool(b bool) string { return strconv.FormatBool(b) }
