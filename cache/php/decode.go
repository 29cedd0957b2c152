package php

// MaxDepth is how deep arrays and objects may be nested, in both directions.
// PHP's own limit (unserialize_max_depth) is 4096.
const MaxDepth = 512

// Decode reads one value from what PHP's serialize() or igbinary_serialize()
// (versions 1 and 2) wrote; which of them is found out as Symfony's marshaller
// does. See the list at [Array] for what comes out. Symfony's object wrapper
// becomes an [*Item]; its old array form stays an array, since PHP reads it as
// one, see [Unwrap].
//
// Bytes after a serialize() value are ignored, after an igbinary value they
// are an error, both as in PHP. Everything else that is wrong, and every
// object of a date class that PHP would refuse, is a [*SyntaxError]. The input
// may be hostile: nothing is allocated for a claimed length or count that the
// input cannot hold.
func Decode(data []byte) (any, error) {
	switch {
	case isIgbinary(data):
		return decodeIgbinary(data)
	case isSerialized(data):
		return decodeSerialized(data)
	default:
		return nil, &SyntaxError{Msg: "neither serialize() nor igbinary"}
	}
}

// isSerialized: the second byte of serialize() is a colon, but for null.
func isSerialized(data []byte) bool {
	return len(data) >= 2 && (data[1] == ':' || data[0] == 'N' && data[1] == ';')
}

func isIgbinary(data []byte) bool {
	return len(data) >= 5 && data[0] == 0 && data[1] == 0 && data[2] == 0 && (data[3] == 1 || data[3] == 2)
}

// IsNull reports whether the bytes are a PHP null, also one inside Symfony's
// metadata. It is false for anything that cannot be read.
func IsNull(data []byte) bool {
	switch {
	case len(data) < 2:
		return false
	case data[0] == 'N' && data[1] == ';':
		return true
	case isIgbinary(data) && data[4] == igNull:
		return len(data) == 5
	case data[0] == 'O' || data[0] == 'a' || data[0] == 0:
		if !maybeWrapped(data) {
			return false
		}
		v, err := Decode(data)
		if err != nil {
			return false
		}
		return Unwrap(v) == nil
	}
	return false
}

// maybeWrapped is a cheap look whether data may be one of Symfony's wrappers.
func maybeWrapped(data []byte) bool {
	switch data[0] {
	case 'O':
		return len(data) > 6 && string(data[:7]) == "O:1:\"\xa9\""
	case 'a':
		return len(data) > 5 && string(data[:5]) == "a:1:{"
	default:
		return len(data) > 6 && (data[4] == igObject8 && data[6] == 0xa9 || data[4] == igArray8 && data[5] == 1)
	}
}

// canonicalInt: the strings that PHP turns into int keys.
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
