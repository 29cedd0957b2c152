//go:build race

package memcachedadapter_test

// raceSlack: with the race detector pools forget some of what is put back, so that
// the number of allocations varies.
const raceSlack = 3
