package php

import "errors"

// Marshal is to come.
func Marshal(v any) ([]byte, error) { return nil, errors.New("php: to come") }

// Unmarshal is to come.
func Unmarshal(data []byte, v any) error { return errors.New("php: to come") }

// UnmarshalNoCopy is to come.
func UnmarshalNoCopy(data []byte, v any) error { return errors.New("php: to come") }

// IsNull is to come.
func IsNull(data []byte) bool { return false }
