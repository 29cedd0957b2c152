package php

import (
	"math"
	"strconv"
	"strings"
)

// number reads an int or float in any of PHP's notations: 10, 0x1F, 0b11, 0o17,
// 017, 1_000, 1.5, .5, 6., 1e3. An int that is too large is a float.
func (r *literalReader) number() (any, error) {
	start := r.pos
	if r.peek() == '0' && r.pos+1 < len(r.src) {
		base := 0
		switch r.src[r.pos+1] | 0x20 {
		case 'x':
			base = 16
		case 'b':
			base = 2
		case 'o':
			base = 8
		}
		if base != 0 {
			r.pos += 2
			text := r.digits(base)
			if text == "" {
				return nil, r.failAt(start, "not a number")
			}
			return r.int(text, base, start)
		}
	}
	whole := r.digits(10)
	text, float := whole, false
	if r.peek() == '.' && !r.isDotOperator() {
		r.pos++
		text, float = text+"."+r.digits(10), true
	}
	if e := r.exponent(); e != "" {
		text, float = text+e, true
	}
	switch {
	case float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil && !math.IsInf(f, 0) {
			return nil, r.failAt(start, "not a number")
		}
		return f, r.numberEnd()
	case len(whole) > 1 && whole[0] == '0':
		return r.int(whole, 8, start)
	default:
		return r.int(whole, 10, start)
	}
}

// isDotOperator reports whether the dot at the next byte begins one of the operators
// "..." and ".=".
func (r *literalReader) isDotOperator() bool {
	if r.pos+1 >= len(r.src) {
		return false
	}
	next := r.src[r.pos+1]
	return next == '.' || next == '='
}

// digits reads digits with single underscores between them, and returns them
// without.
func (r *literalReader) digits(base int) string {
	var b strings.Builder
	for ; r.pos < len(r.src); r.pos++ {
		c := r.src[r.pos]
		if c == '_' && b.Len() > 0 && r.pos+1 < len(r.src) && digitValue(r.src[r.pos+1]) < base && r.src[r.pos-1] != '_' {
			continue
		}
		if digitValue(c) >= base {
			break
		}
		b.WriteByte(c)
	}
	return b.String()
}

func digitValue(c byte) int {
	switch {
	case isDigitByte(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 99
}

// exponent reads e+10 if it is there.
func (r *literalReader) exponent() string {
	start := r.pos
	if r.peek()|0x20 != 'e' {
		return ""
	}
	r.pos++
	sign := ""
	if c := r.peek(); c == '+' || c == '-' {
		sign = string(c)
		r.pos++
	}
	d := r.digits(10)
	if d == "" {
		r.pos = start
		return ""
	}
	return "e" + sign + d
}

func (r *literalReader) int(text string, base, start int) (any, error) {
	if base == 8 && strings.ContainsAny(text, "89") {
		return nil, r.failAt(start, "not an octal number")
	}
	if err := r.numberEnd(); err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(text, base, 64)
	if err == nil {
		return n, nil
	}
	if base == 10 {
		f, _ := strconv.ParseFloat(text, 64) // digits only; INF beyond the range
		return f, nil
	}
	// PHP rounds after every digit, and where it adds the character before it takes off
	// '0', in between. The conversions keep Go from joining the operations.
	f := 0.0
	for _, c := range []byte(text) {
		f = float64(f * float64(base))
		if base == 16 {
			f += float64(digitValue(c))
		} else {
			f = float64(f+float64(c)) - '0'
		}
	}
	return f, nil
}

// numberEnd returns an error if a letter follows the number.
func (r *literalReader) numberEnd() error {
	if c := r.peek(); isNameStart(c) || isDigitByte(c) {
		return r.unexpected()
	}
	return nil
}
