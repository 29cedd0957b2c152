package cleanup

import (
	"fmt"
	"time"
)

// must panics unless the argument of a constructor is valid.
func must(ok bool, function, argument, is string) {
	if !ok {
		panic(fmt.Sprintf("cleanup: %s: %s is %s", function, argument, is))
	}
}

func notNegative(d time.Duration, function, argument string) {
	must(d >= 0, function, argument, "negative")
}

// mustBeValid panics unless the limits are valid; a negative number of rounds is
// none at all.
func (l Limits) mustBeValid(function string) {
	notNegative(l.Time, function, "Limits.Time")
	must(l.Rows >= 0, function, "Limits.Rows", "negative")
}
