package connect

import "time"

// panicIfNil panics if a required argument is nil.
func panicIfNil(isNil bool, function, argument string) {
	if isNil {
		panic("connect." + function + ": " + argument + " is nil")
	}
}

// panicIfNegative panics if a number or duration is negative.
func panicIfNegative[N int | time.Duration](n N, function, argument string) {
	if n < 0 {
		panic("connect." + function + ": " + argument + " is negative")
	}
}
