package envconfig

import (
	"math"
	"strconv"
	"strings"
)

// The functions below are PHP's filter_var for a text, as Symfony's bool, int
// and float processors use it.

// filterTrim is the white space that the filters ignore at both ends.
const filterTrim = " \t\n\r\v"

// filterBool is FILTER_VALIDATE_BOOL.
func filterBool(s string) bool {
	switch strings.ToLower(strings.Trim(s, filterTrim)) {
	case "1", "true", "on", "yes":
		return true
	}
	return false
}

// filterInt is FILTER_VALIDATE_INT: a decimal without leading zeros.
func filterInt(s string) (int64, bool) {
	s = strings.Trim(s, filterTrim)
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	if len(s)-len(digits) > 1 || digits == "" || len(digits) > 1 && digits[0] == '0' || !onlyDigits(digits) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// filterFloat is FILTER_VALIDATE_FLOAT: digits with an optional point and
// exponent, neither infinite nor too small to tell from zero.
func filterFloat(s string) (float64, bool) {
	s = strings.Trim(s, filterTrim)
	if s == "" || numberPrefix(s) != len(s) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(s, 64)
	if math.IsInf(f, 0) || f == 0 && len(s) > 1 && strings.ContainsAny(s, "123456789") {
		return 0, false
	}
	return f, true
}

// toBool is %env(bool:…)%.
func toBool(s string) bool {
	if filterBool(s) {
		return true
	}
	if n, ok := filterInt(s); ok && n != 0 {
		return true
	}
	f, ok := filterFloat(s)
	return ok && f != 0
}

// toInt is %env(int:…)%; ok is false where Symfony throws.
func toInt(s string) (n int64, ok bool) {
	if n, ok := filterInt(s); ok && n != 0 {
		return n, true
	}
	f, ok := filterFloat(s)
	return floatToInt(f), ok
}

// floatToInt is PHP's (int) of a float: cut, and modulo 2^64 beyond the range.
func floatToInt(f float64) int64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	f = math.Trunc(f)
	const two63 = 1 << 63
	if f >= -two63 && f < two63 {
		return int64(f)
	}
	m := math.Mod(f, 2*two63)
	if m < 0 {
		m += 2 * two63
	}
	if m >= two63 {
		return int64(m - 2*two63)
	}
	return int64(m)
}

// truthy is PHP's truth of a text: what a bool parameter gets without a
// conversion by Symfony.
func truthy(s string) bool { return s != "" && s != "0" }

// hasTrailingComment reports whether the text ends in what a .env file would
// have stripped as a comment.
func hasTrailingComment(s string) bool {
	i := strings.IndexByte(s, '#')
	for i > 0 && s[i-1] != ' ' && s[i-1] != '\t' {
		next := strings.IndexByte(s[i+1:], '#')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return i >= 0
}
