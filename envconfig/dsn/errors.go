package dsn

import (
	"errors"
	"fmt"
)

// Error is an address that PHP refuses, or one that this module refuses although
// PHP can use it: then it unwraps to [errors.ErrUnsupported]. It never holds the
// address itself, which may contain a password.
type Error struct {
	// Kind is "Redis", "memcached" or "database", or "cache" for an address that
	// is neither of Redis nor of memcached.
	Kind string
	// Part is what is wrong of a database: "driver", "host", "user", "path" or
	// "TLS"; empty for other kinds.
	Part string
	Err  error
}

func (e *Error) Error() string {
	switch {
	case e.Part != "":
		return fmt.Sprintf("%s %s: %v", e.Kind, e.Part, e.Err)
	case errors.Is(e.Err, errors.ErrUnsupported):
		return fmt.Sprintf("%s DSN: %v", e.Kind, e.Err)
	}
	return fmt.Sprintf("invalid %s DSN: %v", e.Kind, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
