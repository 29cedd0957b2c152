package lock

import "fmt"

// KeyPrefix begins the names of all lock records on a shared server, so that
// they cannot meet mosparo's keys, and one ACL pattern covers them.
const KeyPrefix = "mosparoGoLock"

// ReservedPrefix is the prefix of the names that this library takes for itself.
// A program that takes a name for its user refuses one that begins with it.
const ReservedPrefix = "mosparo/"

// MaxName is the longest name in bytes.
const MaxName = 200

// CheckName returns an [*ArgumentError] unless the name has 1 to [MaxName]
// bytes; they may be any.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName {
		return &ArgumentError{Arg: "name", Reason: fmt.Sprintf("has %d bytes, not 1 to %d", len(name), MaxName)}
	}
	return nil
}
