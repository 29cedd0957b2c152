//go:build !race

package redislocker_test

const raceSlack = 0
