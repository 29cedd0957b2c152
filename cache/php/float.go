package php

import (
	"math"
	"strconv"
)

// appendFloat writes f as PHP's serialize() does: the shortest digits that
// read back as f, with an exponent when the point would stand more than three
// zeros before or 17 digits behind the first of them. INF, -INF and NAN are
// words.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "INF"...)
	case math.IsInf(f, -1):
		return append(b, "-INF"...)
	case math.IsNaN(f):
		return append(b, "NAN"...)
	case f == 0:
		if math.Signbit(f) {
			b = append(b, '-')
		}
		return append(b, '0')
	}
	var buf [32]byte
	e := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	cut := len(e) - 1
	for e[cut] != 'e' {
		cut--
	}
	exp, _ := strconv.Atoi(string(e[cut+1:])) // AppendFloat wrote it
	if exp >= -4 && exp < 17 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	mantissa := e[:cut]
	b = append(b, mantissa...)
	if len(mantissa) <= 2 {
		// One digit only, perhaps with a sign.
		b = append(b, ".0"...)
	}
	b = append(b, 'E')
	if exp >= 0 {
		b = append(b, '+')
	}
	return strconv.AppendInt(b, int64(exp), 10)
}
