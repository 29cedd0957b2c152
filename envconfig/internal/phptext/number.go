package phptext

import (
	"math"
	"strconv"
	"strings"
)

// leadingInt is C's strtol in base 10: spaces, a sign and digits at the
// start; what follows does not matter. ok is false without a digit.
func leadingInt(s string) (n int, ok bool) {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	digits := end
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	if end == digits {
		return 0, false
	}
	n64, _ := strconv.ParseInt(s[:end], 10, 64) // out of range: the nearest end, as strtol
	return int(n64), true
}

// Int is PHP's (int) of a text: its leading integer, or a leading float
// that is cut; 0 without one, and the nearest end for one out of range.
func Int(s string) int64 {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	end := numberPrefix(s)
	if end == 0 {
		return 0
	}
	if n, err := strconv.ParseInt(s[:end], 10, 64); err == nil {
		return n
	}
	switch f, _ := strconv.ParseFloat(s[:end], 64); {
	case math.IsInf(f, 0):
		return 0
	case f >= 1<<63:
		return math.MaxInt64
	case f <= -1<<63:
		return math.MinInt64
	default:
		return int64(f)
	}
}

// numberPrefix is the length of the decimal number at the start of s.
func numberPrefix(s string) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := 0
	for i < len(s) && isDigit(s[i]) {
		i++
		digits++
	}
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && isDigit(s[j]) {
			j++
			digits++
		}
		if digits > 0 {
			i = j
		}
	}
	if digits == 0 {
		return 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			i = j
		}
	}
	return i
}

// OnlyDigits reports whether s holds nothing but decimal digits; the empty
// text does.
func OnlyDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
