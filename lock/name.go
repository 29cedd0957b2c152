package lock

import (
	"fmt"

	"github.com/mosparo/go-cluster/lock/internal/names"
)

const (
	// ReservedPrefix is the prefix of the names that this library takes for
	// itself. A program that takes a name from a person refuses one that begins
	// with it.
	ReservedPrefix = "mosparo/"
	// KeyPrefix is the prefix of the keys of all lock records on a shared
	// server: one pattern of an ACL covers them, and no key of mosparo begins so.
	KeyPrefix = "mosparoGoLock"
)

const maxName = names.Max

// CheckName returns an [*ArgumentError] unless the name has 1 to 200 bytes; they
// may be any.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return &ArgumentError{Arg: "name", Reason: fmt.Sprintf("has %d bytes, not 1 to %d", len(name), maxName)}
	}
	return nil
}
