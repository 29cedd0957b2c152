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

// mustNotBeNegative panics if a duration is below zero.
func mustNotBeNegative(d time.Duration, function, argument string) {
	must(d >= 0, function, argument, "negative")
}
