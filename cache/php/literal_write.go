package php

import (
	"math"
	"strconv"
	"strings"
)

// MarshalLiteral writes v as a PHP file that returns it, byte for byte as
// mosparo writes config/env.mosparo.php and public/resources/mappings.php (PHP's
// var_export). It takes what [Marshal] takes, as far as that is plain data:
// dates, objects and enums are an [*EncodeError].
func MarshalLiteral(v any) ([]byte, error) {
	// One set of rules for Go values: those of Marshal.
	raw, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	tree, err := Decode(raw)
	if err != nil {
		return nil, &EncodeError{Msg: err.Error()}
	}
	w := &literalWriter{b: []byte("<?php\n\nreturn ")}
	if err := w.value(tree); err != nil {
		return nil, err
	}
	return append(w.b, ";\n"...), nil
}

type literalWriter struct {
	b    []byte
	path path
}

func (w *literalWriter) value(v any) error {
	switch v := Deref(v).(type) {
	case nil:
		w.b = append(w.b, "NULL"...)
	case bool:
		w.b = strconv.AppendBool(w.b, v)
	case int64:
		if v == math.MinInt64 {
			// The number without its sign would be a float.
			w.b = append(w.b, "-9223372036854775807-1"...)
		} else {
			w.b = strconv.AppendInt(w.b, v, 10)
		}
	case float64:
		start := len(w.b)
		w.b = appendFloat(w.b, v)
		if !strings.ContainsAny(string(w.b[start:]), ".EN") {
			w.b = append(w.b, ".0"...)
		}
	case string:
		w.str(v)
	case *Array:
		return w.array(v)
	default:
		return &EncodeError{Path: w.path.String(), Msg: describe(v) + " is not plain data"}
	}
	return nil
}

// str writes a single-quoted string; NUL bytes are concatenated in double quotes.
func (w *literalWriter) str(s string) {
	w.b = append(w.b, '\'')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\'', '\\':
			w.b = append(w.b, '\\', c)
		case 0:
			w.b = append(w.b, `' . "\0" . '`...)
		default:
			w.b = append(w.b, c)
		}
	}
	w.b = append(w.b, '\'')
}

func (w *literalWriter) array(a *Array) error {
	if len(w.path) >= maxDepth {
		// A reference that leads back to its own array.
		return &EncodeError{Path: w.path.String(), Msg: "nested too deep"}
	}
	w.b = append(w.b, "array (\n"...)
	for _, e := range a.Elements {
		w.indent(len(w.path) + 1)
		if e.Key.IsInt {
			w.b = strconv.AppendInt(w.b, e.Key.Int, 10)
		} else {
			w.str(e.Key.Str)
		}
		w.b = append(w.b, " => "...)
		w.path.push(e.Key)
		if _, ok := Deref(e.Value).(*Array); ok {
			w.b = append(w.b, '\n')
			w.indent(len(w.path))
		}
		if err := w.value(e.Value); err != nil {
			return err
		}
		w.path.pop()
		w.b = append(w.b, ",\n"...)
	}
	w.indent(len(w.path))
	w.b = append(w.b, ')')
	return nil
}

func (w *literalWriter) indent(depth int) {
	for range depth {
		w.b = append(w.b, "  "...)
	}
}
