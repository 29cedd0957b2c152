package phptext

import (
	"math"
	"strconv"
	"strings"
)

// FilterTrim is the white space that the filters ignore at both ends.
const FilterTrim = " \t\n\r\v"

// FilterBool is FILTER_VALIDATE_BOOL.
func FilterBool(s string) bool {
	switch strings.ToLower(strings.Trim(s, FilterTrim)) {
	case "1", "true", "on", "yes":
		return true
	}
	return false
}

// FilterInt is FILTER_VALIDATE_INT: a decimal without leading zeros.
func FilterInt(s string) (int64, bool) {
	s = strings.Trim(s, FilterTrim)
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	if len(s)-len(digits) > 1 || digits == "" || len(digits) > 1 && digits[0] == '0' || !OnlyDigits(digits) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// FilterFloat is FILTER_VALIDATE_FLOAT: digits with an optional point and
// exponent, neither infinite nor too small to tell from zero.
func FilterFloat(s string) (float64, bool) {
	s = strings.Trim(s, FilterTrim)
	if s == "" || numberPrefix(s) != len(s) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(s, 64)
	if math.IsInf(f, 0) || f == 0 && len(s) > 1 && strings.ContainsAny(s, "123456789") {
		return 0, false
	}
	return f, true
}

// EnvBool is %env(bool:…)%.
func EnvBool(s string) bool {
	if FilterBool(s) {
		return true
	}
	if n, ok := FilterInt(s); ok && n != 0 {
		return true
	}
	f, ok := FilterFloat(s)
	return ok && f != 0
}

// EnvInt is %env(int:…)%; ok is false where Symfony throws.
func EnvInt(s string) (n int64, ok bool) {
	if n, ok := FilterInt(s); ok && n != 0 {
		return n, true
	}
	f, ok := FilterFloat(s)
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

// IsTrue is PHP's truth of a text: what a bool parameter gets without a
// conversion by Symfony.
func IsTrue(s string) bool { return s != "" && s != "0" }
