//go:build !race

package memcachedadapter_test

const raceSlack = 0
