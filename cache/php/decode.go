package php

import "bytes"

// maxDepth is how deep arrays and objects may be nested, in both directions.
// PHP's own limit (unserialize_max_depth) is 4096.
const maxDepth = 512

// Decode reads one value from what PHP's serialize() or igbinary_serialize()
// (versions 1 and 2) wrote; which of them is found out as Symfony's marshaller
// does. The package comment lists what comes out. Symfony's object wrapper
// becomes a [*ValueWrapper]; its old array form stays an array, since PHP reads it
// as one.
//
// Bytes after a serialize() value are ignored, after an igbinary value they
// are an error, both as in PHP. Everything else that is wrong is a
// [*SyntaxError]; so is a date that PHP would refuse, or that has a form in which
// PHP never writes one. A date in a zone that this program's zone database lacks
// unwraps to a [*ZoneError]. The input may be hostile: nothing is allocated for a
// claimed length or count that the input cannot hold.
func Decode(data []byte) (any, error) {
	if d, ok := usualDate(data); ok {
		date := d // so that d itself needs no memory
		return &date, nil
	}
	switch {
	case isIgbinary(data):
		return decodeIgbinary(data)
	case isSerialized(data):
		return decodeSerialized(data)
	default:
		return nil, &SyntaxError{Msg: "neither serialize() nor igbinary"}
	}
}

// isSerialized reports whether data may be serialize(): its second byte is a colon,
// except for null.
func isSerialized(data []byte) bool {
	return len(data) >= 2 && data[1] == ':' || string(data) == "N;"
}

func isIgbinary(data []byte) bool {
	return len(data) >= 5 && data[0] == 0 && data[1] == 0 && data[2] == 0 && (data[3] == 1 || data[3] == 2)
}

// IsNull reports whether the bytes are a PHP null, also one inside Symfony's
// metadata. It is false for anything that cannot be read. Other values cost a
// look at their first bytes.
func IsNull(data []byte) bool {
	switch {
	case string(data) == "N;":
		return true
	case isIgbinary(data) && data[4] == igNull:
		return len(data) == 5
	case isIgbinary(data) && data[4] == igRef && len(data) > 5:
		return len(data) == 6 && data[5] == igNull
	case !maybeWrappedNull(data):
		return false
	}
	v, err := Decode(data)
	return err == nil && unwrap(v) == nil
}

// The fronts of Symfony's wrappers, up to the packed name before the value.
const (
	wrapperHead   = "O:1:\"" + wrapperClass + "\":"
	legacyHead    = `a:1:{s:10:"`
	igWrapperHead = "\x17\x01" + wrapperClass + "\x14"
	igLegacyHead  = "\x14\x01\x11\x0a"
)

// maybeWrappedNull reports whether a null stands where the value in one of
// Symfony's wrappers does. What follows is not looked at.
func maybeWrappedNull(data []byte) bool {
	rest, name, null := data, 10, `";N;`
	if isIgbinary(data) {
		rest, null = data[4:], "\x00"
	}
	switch {
	case hasPrefix(rest, legacyHead):
		rest = rest[len(legacyHead):]
	case hasPrefix(rest, igLegacyHead):
		rest = rest[len(igLegacyHead):]
	case hasPrefix(rest, igWrapperHead) && len(rest) > len(igWrapperHead)+3:
		rest, name = rest[len(igWrapperHead)+3:], 6 // number of properties, kind and length of the name
	case hasPrefix(rest, wrapperHead):
		i := bytes.IndexByte(rest[:min(len(rest), 40)], '{')
		if i < 0 || !hasPrefix(rest[i+1:], `s:6:"`) {
			return false
		}
		rest, name = rest[i+len(`{s:6:"`):], 6
	default:
		return false
	}
	return len(rest) > name && hasPrefix(rest[name:], null)
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// canonicalInt returns the int key that PHP makes of the string, if it makes one.
func canonicalInt(s string) (int64, bool) {
	if s == "" || len(s) > 20 {
		return 0, false
	}
	digits := s
	if s[0] == '-' {
		digits = s[1:]
	}
	if digits == "" || digits[0] == '0' && (len(digits) > 1 || s[0] == '-') {
		return 0, false
	}
	var n uint64
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 || n > (1<<63)/10 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	switch {
	case s[0] == '-' && n < 1<<63: // PHP_INT_MIN stays a string
		return -int64(n), true
	case s[0] != '-' && n <= 1<<63-1:
		return int64(n), true
	}
	return 0, false
}
