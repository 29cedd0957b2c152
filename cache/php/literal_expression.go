package php

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// expression reads operands concatenated by dots. Plus and minus bind tighter than
// the dot since PHP 8; PHP 7 evaluated them from left to right, so that a mix
// without parentheses is refused.
func (r *literalReader) expression() (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, r.fail("nested deeper than %d", maxDepth)
	}
	defer func() { r.depth-- }()
	start := r.pos
	v, err := r.operand()
	if err != nil {
		return nil, err
	}
	first := byte(0)
	var text []byte
	for {
		if err := r.space(); err != nil {
			return nil, err
		}
		op := r.peek()
		if op != '.' && op != '+' && op != '-' {
			break
		}
		if first == 0 {
			first = op
			if op == '.' {
				if text, err = r.text(nil, v, start); err != nil {
					return nil, err
				}
			}
		}
		if (op == '.') != (first == '.') {
			return nil, r.fail("dot and sign in one expression need parentheses")
		}
		r.pos++
		if next := r.peek(); next == op || op == '.' && isDigitByte(next) {
			return nil, r.unexpected() // another operator, or a number like .5
		}
		if err := r.space(); err != nil {
			return nil, err
		}
		at := r.pos
		w, err := r.operand()
		if err != nil {
			return nil, err
		}
		if op == '.' {
			text, err = r.text(text, w, at)
		} else {
			v, err = r.sum(v, w, op, at)
		}
		if err != nil {
			return nil, err
		}
	}
	if first == '.' {
		return string(text), nil
	}
	return v, nil
}

// text appends a value of a concatenation, as PHP converts it to a string.
func (r *literalReader) text(b []byte, v any, at int) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return append(b, v...), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case bool:
		if v {
			b = append(b, '1')
		}
		return b, nil
	case nil:
		return b, nil
	case float64:
		return nil, r.failAt(at, "the text of a float depends on PHP's settings")
	default:
		return nil, r.failAt(at, "an array cannot be joined")
	}
}

// sum adds or subtracts; an int that overflows becomes a float.
func (r *literalReader) sum(a, b any, op byte, at int) (any, error) {
	x, okX := a.(int64)
	y, okY := b.(int64)
	if okX && okY {
		s := x + y
		over := (s > x) != (y > 0)
		if op == '-' {
			s = x - y
			over = (s < x) != (y > 0)
		}
		if !over {
			return s, nil
		}
	}
	f, okF := number(a)
	g, okG := number(b)
	if !okF || !okG {
		return nil, r.failAt(at, "only numbers can be added")
	}
	if op == '-' {
		g = -g
	}
	if s := f + g; !math.IsNaN(s) {
		return s, nil
	}
	return phpNaN, nil // the bits of INF - INF depend on the processor
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// operand reads one value with its signs.
func (r *literalReader) operand() (any, error) {
	switch c := r.peek(); {
	case c == '-' || c == '+':
		return r.signed()
	case c == '(':
		r.pos++
		if err := r.space(); err != nil {
			return nil, err
		}
		v, err := r.expression()
		if err != nil {
			return nil, err
		}
		return v, r.pass(')')
	case c == '[':
		r.pos++
		return r.array(']')
	case c == '\'':
		return r.singleQuoted()
	case c == '"':
		return r.doubleQuoted()
	case c == '<':
		return r.heredoc()
	case isDigitByte(c) || c == '.' && r.pos+1 < len(r.src) && isDigitByte(r.src[r.pos+1]):
		return r.number()
	default:
		return r.constant()
	}
}

// signed reads -5, - 5 and the like.
func (r *literalReader) signed() (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, r.fail("nested deeper than %d", maxDepth)
	}
	defer func() { r.depth-- }()
	start := r.pos
	minus := r.peek() == '-'
	if r.pos++; r.peek() == r.src[start] {
		return nil, r.failAt(start, "an increment is not data")
	}
	if err := r.space(); err != nil {
		return nil, err
	}
	v, err := r.operand()
	if err != nil {
		return nil, err
	}
	switch n := v.(type) {
	case int64:
		if !minus {
			return n, nil
		}
		if n == math.MinInt64 {
			return -float64(n), nil
		}
		return -n, nil
	case float64:
		if minus && !math.IsNaN(n) {
			n = -n
		}
		return n, nil
	}
	return nil, r.failAt(start, "only numbers have a sign")
}

// pass skips white space and then the given closing byte.
func (r *literalReader) pass(c byte) error {
	if err := r.space(); err != nil {
		return err
	}
	if r.peek() != c {
		return r.unexpected()
	}
	r.pos++
	return nil
}

// constant reads a name that stands for a value.
func (r *literalReader) constant() (any, error) {
	start := r.pos
	if r.peek() == '\\' {
		r.pos++
	}
	n := nameLen(r.src[r.pos:])
	name := string(r.src[r.pos : r.pos+n])
	r.pos += n
	if next := r.peek(); n > 0 && next != '\\' {
		switch strings.ToLower(name) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		case "null":
			return nil, nil
		case "array":
			if err := r.space(); err != nil {
				return nil, err
			}
			if r.peek() == '(' && r.src[start] != '\\' {
				r.pos++
				return r.array(')')
			}
		case "__dir__":
			if r.hasDir && r.src[start] != '\\' {
				return r.dir, nil
			}
		}
		switch name {
		case "INF":
			return math.Inf(1), nil
		case "NAN":
			return phpNaN, nil
		case "PHP_INT_MAX":
			return int64(math.MaxInt64), nil
		case "PHP_INT_MIN":
			return int64(math.MinInt64), nil
		}
	}
	r.pos = start
	return nil, r.unexpected()
}

// array reads the elements up to the closing byte.
func (r *literalReader) array(end byte) (any, error) {
	b := newArrayBuilder(0)
	var last *int64 // the largest int key so far
	for {
		if err := r.space(); err != nil {
			return nil, err
		}
		if r.peek() == end {
			r.pos++
			return b.array, nil
		}
		k, v, err := r.element(last)
		if err != nil {
			return nil, err
		}
		if k.IsInt && (last == nil || k.Int > *last) {
			last = &k.Int
		}
		*b.place(k) = v
		if err := r.space(); err != nil {
			return nil, err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case end:
		default:
			return nil, r.unexpected()
		}
	}
}

// element reads a value with its key; without one it gets the largest int key plus 1.
func (r *literalReader) element(last *int64) (Key, any, error) {
	start := r.pos
	v, err := r.expression()
	if err != nil {
		return Key{}, nil, err
	}
	if !bytes.HasPrefix(r.src[r.pos:], []byte("=>")) {
		k, err := r.nextKey(last, start)
		return k, v, err
	}
	k, err := r.arrayKey(v, start)
	if err != nil {
		return Key{}, nil, err
	}
	r.pos += 2
	if err := r.space(); err != nil {
		return Key{}, nil, err
	}
	v, err = r.expression()
	return k, v, err
}

func (r *literalReader) nextKey(last *int64, at int) (Key, error) {
	switch {
	case last == nil:
		return IntKey(0), nil
	case *last < -1:
		// 0 before PHP 8.3, one more than the last since.
		return Key{}, r.failAt(at, "the key of this element depends on PHP's version")
	case *last == math.MaxInt64:
		return Key{}, r.failAt(at, "no key is left for this element")
	}
	return IntKey(*last + 1), nil
}

// arrayKey returns the key that PHP makes of a value.
func (r *literalReader) arrayKey(v any, at int) (Key, error) {
	switch v := v.(type) {
	case string:
		return StringKey(v), nil
	case int64:
		return IntKey(v), nil
	case nil:
		return Key{}, nil
	case bool:
		if v {
			return IntKey(1), nil
		}
		return IntKey(0), nil
	case float64:
		if v >= -(1<<63) && v < 1<<63 && v == math.Trunc(v) {
			return IntKey(int64(v)), nil
		}
		return Key{}, r.failAt(at, "a float with a fraction is no key")
	default:
		return Key{}, r.failAt(at, "an array is no key")
	}
}
