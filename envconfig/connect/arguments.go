package connect

import "time"

// needed panics for a nil that a programmer has given.
func needed(isNil bool, function, argument string) {
	if isNil {
		panic("connect." + function + ": " + argument + " is nil")
	}
}

// notNegative panics for a number or duration below zero.
func notNegative[N int | time.Duration](n N, function, argument string) {
	if n < 0 {
		panic("connect." + function + ": " + argument + " is below zero")
	}
}
