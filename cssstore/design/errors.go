package design

import (
	"errors"
	"fmt"
)

// ErrTooLarge is the error if the CSS, or the work to make it, exceeds a limit. A few
// values that contain each other's variables can produce a very large text. For
// operators, "What can go wrong" in examples/deploy/README.md says what to do.
var ErrTooLarge = errors.New("css is too large")

// ValueError is the error of a setting with a value on which mosparo fails. For
// operators, "What can go wrong" in examples/deploy/README.md says what to do.
type ValueError struct {
	Setting string
	Msg     string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("design: setting %.40q: %s", e.Setting, e.Msg)
}
