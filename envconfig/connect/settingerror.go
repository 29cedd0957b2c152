package connect

import (
	"errors"

	"github.com/mosparo/go-cluster/envconfig"
)

// SettingError reports a setting that [Open] or [Listen] cannot use. It contains no
// secret. For operators, "What can go wrong" in examples/deploy/README.md says what to
// do.
type SettingError struct {
	// Setting is a variable of the environment, such as REDIS_URL, or an option of this
	// package, such as WithLockURL.
	Setting string
	// Source is where the value comes from; it is empty for an option.
	Source envconfig.Source
	// Err says what is wrong with it.
	Err error
}

// Error implements error.
func (e *SettingError) Error() string {
	text := "connect: " + e.Setting
	if e.Source != "" {
		text += " (" + string(e.Source) + ")"
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *SettingError) Unwrap() error { return e.Err }

func newSettingError(s *envconfig.Settings, setting string, err error) error {
	return &SettingError{Setting: setting, Source: s.Variable(setting).Source, Err: err}
}

// unusableSettings returns the error with which the settings were returned, with a
// [*SettingError] for each setting. What names none, such as a file that cannot be read, is
// left as it is.
func unusableSettings(s *envconfig.Settings) error {
	all := []error{s.Err()}
	if joined, ok := s.Err().(interface{ Unwrap() []error }); ok { //nolint:errorlint // each part counts
		all = joined.Unwrap()
	}
	var errs []error
	for _, err := range all {
		if named := namedErrors(s, "", err); len(named) > 0 {
			errs = append(errs, named...)
		} else {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// settingErrors takes err apart into the errors of the settings that it names. What
// names none is an error of the given setting.
func settingErrors(s *envconfig.Settings, setting string, err error) []error {
	if all := namedErrors(s, setting, err); len(all) > 0 {
		return all
	}
	return []error{newSettingError(s, setting, err)}
}

// namedErrors is settingErrors without the last rule: it returns nothing for an error
// that names no setting.
func namedErrors(s *envconfig.Settings, setting string, err error) (all []error) {
	switch e := err.(type) { //nolint:errorlint // it unwraps them itself
	case *SettingError:
		return []error{e}
	case *envconfig.ValueError:
		return []error{&SettingError{Setting: e.Name, Source: e.Source, Err: e.Err}}
	case interface{ Unwrap() error }:
		return namedErrors(s, setting, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			all = append(all, namedErrors(s, setting, part)...)
		}
		if len(all) == 0 {
			return nil
		}
		for _, part := range e.Unwrap() {
			if len(namedErrors(s, setting, part)) == 0 {
				all = append(all, newSettingError(s, setting, part))
			}
		}
	}
	return all
}
