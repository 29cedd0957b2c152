package fileadapter

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// A file is the expiry in Unix seconds (0 = none), a line break, the key
// raw-url-encoded, a line break, and the value to the end.

// header returns the bytes before the value.
func header(key string, expiry int64) []byte {
	b := make([]byte, 0, 20+2+len(key)+len(key)/4)
	b = strconv.AppendInt(b, expiry, 10)
	b = append(b, '\n')
	b = appendEncoded(b, key)
	return append(b, '\n')
}

// content is a parsed file.
type content struct {
	expiry     int64
	encodedKey []byte
	// valueAt is where the value begins.
	valueAt int
	// empty: nothing follows.
	empty bool
}

// parse never fails: PHP splits any file into lines, so a damaged one is a miss,
// because its key is not the one that was asked for.
func parse(data []byte) content {
	line, rest := cutLine(data)
	c := content{expiry: phpInt(line)}
	line, value := cutLine(rest)
	c.encodedKey, c.valueAt, c.empty = line, len(data)-len(value), len(value) == 0
	return c
}

func cutLine(b []byte) (line, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

func (c *content) isExpired(now time.Time) bool {
	return c.expiry != 0 && now.Unix() >= c.expiry
}

// isFor reports whether the file holds key; needless escapes do not matter.
func (c *content) isFor(key string) bool {
	enc := trimRight(c.encodedKey)
	n := 0
	for i := 0; i < len(enc); n++ {
		b, width := decodeOne(enc[i:])
		if n >= len(key) || key[n] != b {
			return false
		}
		i += width
	}
	return n == len(key)
}

func (c *content) key() string {
	enc := trimRight(c.encodedKey)
	key := make([]byte, 0, len(enc))
	for i := 0; i < len(enc); {
		b, width := decodeOne(enc[i:])
		key = append(key, b)
		i += width
	}
	return string(key)
}

// trimRight does what PHP's rtrim does.
func trimRight(b []byte) []byte { return bytes.TrimRight(b, " \t\n\r\x00\v") }

// decodeOne is one step of PHP's rawurldecode: a percent sign that two hex
// digits do not follow stands for itself.
func decodeOne(b []byte) (c byte, width int) {
	if b[0] == '%' && len(b) >= 3 {
		hi, ok1 := unhex(b[1])
		lo, ok2 := unhex(b[2])
		if ok1 && ok2 {
			return hi<<4 | lo, 3
		}
	}
	return b[0], 1
}

// appendEncoded is PHP's rawurlencode.
func appendEncoded(b []byte, key string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// phpInt is PHP's (int) of a text: the longest number that it begins with,
// cut to an integer within the range of 64 bits; 0 without a number.
func phpInt(text []byte) int64 {
	text = bytes.TrimLeft(text, " \t\n\r\v\f")
	number, integer := numericPrefix(text)
	if integer {
		if n, err := strconv.ParseInt(string(number), 10, 64); err == nil {
			return n
		}
	}
	f, err := strconv.ParseFloat(string(number), 64)
	switch {
	case err != nil: // none, or infinite: PHP takes both for 0
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

func numericPrefix(b []byte) (number []byte, integer bool) {
	i := 0
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	start := i
	i = skipDigits(b, i)
	digits, integer := i-start, true
	if i < len(b) && b[i] == '.' {
		end := skipDigits(b, i+1)
		if digits > 0 || end > i+1 {
			digits += end - i - 1
			i, integer = end, false
		}
	}
	if digits == 0 {
		return nil, false
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		at := i + 1
		if at < len(b) && (b[at] == '+' || b[at] == '-') {
			at++
		}
		if end := skipDigits(b, at); end > at {
			i, integer = end, false
		}
	}
	return b[:i], integer
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}
