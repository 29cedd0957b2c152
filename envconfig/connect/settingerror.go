package connect

import (
	"errors"

	"github.com/mosparo/go-cluster/envconfig"
)

// SettingError reports a setting with which a node cannot be opened. It contains
// no secret.
type SettingError struct {
	// Setting is the variable, such as REDIS_URL, or the option of this package
	// that is wrong or missing, such as WithLockURL.
	Setting string
	// Source is where the value came from, empty for an option.
	Source envconfig.Source
	// Err says what is wrong with it.
	Err error
}

// Error implements error.
func (e *SettingError) Error() string {
	text := "connect: " + e.Setting
	if e.Source != "" && e.Source != envconfig.SourceDefault {
		text += " (" + string(e.Source) + ")"
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *SettingError) Unwrap() error { return e.Err }

// settingError returns err as the error of a setting, unless it names one itself.
func settingError(s *envconfig.Settings, setting string, err error) error {
	var named *SettingError
	if errors.As(err, &named) {
		return named
	}
	var value *envconfig.ValueError
	if errors.As(err, &value) {
		return &SettingError{Setting: value.Name, Source: value.Source, Err: value.Err}
	}
	return &SettingError{Setting: setting, Source: s.Variable(setting).Source, Err: err}
}
