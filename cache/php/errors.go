package php

import (
	"fmt"
	"reflect"
)

// SyntaxError says that the bytes are not a PHP value, or break a limit. PHP's own
// answer to such bytes is an error as well, except for dates in forms that PHP
// reads but never writes.
type SyntaxError struct {
	// Offset is the position in bytes at which the error was noticed.
	Offset int
	Msg    string
	// Err is the cause, if there is more to know: a [*ZoneError], for a date.
	Err error
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("php: %s at byte %d", e.Msg, e.Offset)
}

// Unwrap returns Err.
func (e *SyntaxError) Unwrap() error { return e.Err }

// TypeError says that the PHP value does not fit the Go type.
type TypeError struct {
	// Path leads to the value: keys and indexes from the root, "" at the root.
	Path string
	// Value describes the PHP value: "string", "int 300", "array", …. It is empty
	// if the target is no non-nil pointer, into which no value fits.
	Value string
	// Type is the Go type it was to go into, nil for a nil interface.
	Type reflect.Type
}

func (e *TypeError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("php: cannot read into %v, which is no non-nil pointer", e.Type)
	}
	s := "php: cannot read " + e.Value
	if e.Path != "" {
		s += " at " + e.Path
	}
	return s + " into Go type " + e.Type.String()
}

// EncodeError says that the Go value has no PHP form.
type EncodeError struct {
	// Path leads to the value: keys and indexes from the root, "" at the root.
	Path string
	Msg  string
}

func (e *EncodeError) Error() string {
	if e.Path == "" {
		return "php: cannot write: " + e.Msg
	}
	return "php: cannot write " + e.Path + ": " + e.Msg
}
