package gocachestore

import (
	"fmt"

	"github.com/eko/gocache/lib/v4/store"

	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// TypeError says that a key or a value has a Go type that cannot be stored, or
// that a gocache store gave a value that is no text.
type TypeError struct {
	// Key is empty when the key itself has the wrong type.
	Key string
	// Got is the Go type, Want the types that would do.
	Got, Want string
}

func (e *TypeError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("gocachestore: key of type %s, want %s", e.Got, e.Want)
	}
	return fmt.Sprintf("gocachestore: value of type %s for key %q, want %s", e.Got, e.Key, e.Want)
}

// TagError is a tag, or a number of tags, that cannot be used.
type TagError struct{ Reason string }

func (e *TagError) Error() string { return "gocachestore: " + e.Reason }

// notFound is gocache's error for a miss; it unwraps to the sentinel of
// package cache as well.
func notFound(key string, why error) error {
	return store.NotFoundWithCause(adapterkit.Error("get", []string{key}, why))
}
