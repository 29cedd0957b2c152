package php

import (
	"errors"
	"fmt"
	"reflect"
)

// SyntaxError says that the bytes are not a PHP value, or break a limit. PHP's own
// answer to such bytes is an error as well.
type SyntaxError struct {
	// Offset in bytes at which the trouble was noticed.
	Offset int
	Msg    string
	// Err is the cause where a program can act on it, a [*ZoneError]; else nil.
	Err error
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("php: %s at byte %d", e.Msg, e.Offset)
}

func (e *SyntaxError) Unwrap() error { return e.Err }

// withCause keeps the cause of a syntax error if it is one to act on.
func withCause(syntax, cause error) error {
	var s *SyntaxError
	var z *ZoneError
	if errors.As(syntax, &s) && errors.As(cause, &z) {
		s.Err = z
	}
	return syntax
}

// ZoneError says that a date names a time zone which this process does not
// know. PHP brings a zone database of its own, so that it may know the zone.
type ZoneError struct{ Zone string }

func (e *ZoneError) Error() string {
	return fmt.Sprintf("this process does not know the time zone %q, PHP may: import time/tzdata into the program, or install the system's zone database (Debian: tzdata and tzdata-legacy)", e.Zone)
}

// TypeError says that the PHP value does not fit the Go type.
type TypeError struct {
	// Path leads to the value: keys and indexes from the root, "" at the root.
	Path string
	// Value describes the PHP value: "string", "int 300", "array", ….
	Value string
	// Type is the Go type it was to go into.
	Type reflect.Type
}

func (e *TypeError) Error() string {
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

// InvalidTargetError says that the argument of [Unmarshal] is not a non-nil pointer.
type InvalidTargetError struct{ Type reflect.Type }

func (e *InvalidTargetError) Error() string {
	if e.Type == nil {
		return "php: Unmarshal into nil"
	}
	return "php: Unmarshal into " + e.Type.String() + ", which is no non-nil pointer"
}
