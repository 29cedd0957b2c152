package design

import (
	"errors"
	"fmt"
)

// ErrTooLarge says that the CSS, or the work to make it, exceeds a limit: a few values
// that hold each other's variables can stand for a very large text.
var ErrTooLarge = errors.New("css is too large")

// ValueError says that mosparo fails on the value of a setting.
type ValueError struct {
	Setting string
	Msg     string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("design: setting %.40q: %s", e.Setting, e.Msg)
}
