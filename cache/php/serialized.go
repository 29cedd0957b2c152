package php

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// serializedReader reads what serialize() wrote.
type serializedReader struct {
	data  []byte
	pos   int
	depth int
	// owed is how many bytes the open arrays and objects still need at least.
	owed int
	// slots point to the values so far, numbered from 1 as PHP counts them. They are
	// kept only if the data can refer to them.
	slots    []*any
	hasSlots bool
	// open are the objects that contain the next value.
	open openObjects
}

func decodeSerialized(data []byte) (any, error) {
	r := &serializedReader{data: data}
	r.hasSlots = bytes.Contains(data, []byte("r:")) || bytes.Contains(data, []byte("R:"))
	var root any
	if err := r.value(&root); err != nil {
		return nil, err
	}
	if root == false && r.pos != len(data) {
		// PHP's unserialize answers false for an error too; Symfony takes it
		// for the value only if there is nothing else.
		return nil, r.fail("bytes after false")
	}
	return Deref(root), nil
}

func (r *serializedReader) fail(msg string) error {
	return &SyntaxError{Offset: r.pos, Msg: msg}
}

// value reads one value into *at.
func (r *serializedReader) value(at *any) error {
	if len(r.data)-r.pos < 2 {
		return r.fail("value is cut off")
	}
	kind := r.data[r.pos]
	if kind == 'R' {
		return r.reference(at)
	}
	if r.hasSlots {
		r.slots = append(r.slots, at)
	}
	if kind == 'N' {
		*at = nil
		return r.expect("N;")
	}
	if r.data[r.pos+1] != ':' {
		return r.fail("unknown kind of value")
	}
	var err error
	switch kind {
	case 'b':
		*at, err = r.boolean()
	case 'i':
		*at, err = r.integer()
	case 'd':
		*at, err = r.float()
	case 's', 'S':
		*at, err = r.str(';')
	case 'a':
		err = r.array(at)
	case 'O':
		err = r.object(at)
	case 'E':
		*at, err = r.enum()
	case 'r':
		*at, err = r.sameObject(at)
	default:
		err = r.fail("unknown kind of value")
	}
	return err
}

func (r *serializedReader) expect(s string) error {
	if len(r.data)-r.pos < len(s) || string(r.data[r.pos:r.pos+len(s)]) != s {
		return r.fail("expected " + strconv.Quote(s))
	}
	r.pos += len(s)
	return nil
}

// until returns the text up to the next end byte, at most most bytes, and skips both.
func (r *serializedReader) until(end byte, most int) (string, error) {
	rest := r.data[r.pos:]
	if len(rest) > most+1 {
		rest = rest[:most+1]
	}
	i := bytes.IndexByte(rest, end)
	if i < 0 {
		return "", r.fail("expected " + strconv.QuoteRune(rune(end)))
	}
	r.pos += i + 1
	return string(rest[:i]), nil
}

// number reads the digits and semicolon after "i:". What does not fit becomes the
// largest or the smallest int, as in PHP.
func (r *serializedReader) number() (int64, error) {
	start := r.pos
	s, err := r.until(';', 400)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		r.pos = start
		return 0, r.fail("not an int")
	}
	return n, nil
}

// length reads a count or length of at most limit, and the colon behind it.
func (r *serializedReader) length(limit int) (int, error) {
	start := r.pos
	s, err := r.until(':', 20)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || s[0] == '+' {
		r.pos = start
		return 0, r.fail("not a length")
	}
	if n > uint64(limit) {
		r.pos = start
		return 0, r.fail("length or count beyond the end")
	}
	return int(n), nil
}

func (r *serializedReader) boolean() (any, error) {
	r.pos += 2
	s, err := r.until(';', 1)
	if err != nil || s != "0" && s != "1" {
		return nil, r.fail("not a bool")
	}
	return s == "1", nil
}

func (r *serializedReader) integer() (any, error) {
	r.pos += 2
	return r.number()
}

// phpNaN has the bits of PHP's NAN, which are not those of Go's.
var phpNaN = math.Float64frombits(0x7ff8000000000000)

func (r *serializedReader) float() (any, error) {
	r.pos += 2
	start := r.pos
	s, err := r.until(';', 400)
	if err != nil {
		return nil, err
	}
	switch s {
	case "INF":
		return math.Inf(1), nil
	case "-INF":
		return math.Inf(-1), nil
	case "NAN":
		return phpNaN, nil
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E' {
			r.pos = start
			return nil, r.fail("not a float")
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		r.pos = start
		return nil, r.fail("not a float")
	}
	return f, nil
}

// str reads a string with its kind letter; end is the byte behind the quote.
func (r *serializedReader) str(end byte) (string, error) {
	escaped := r.data[r.pos] == 'S'
	r.pos += 2
	b, err := r.readQuoted(escaped)
	if err != nil {
		return "", err
	}
	if r.pos >= len(r.data) || r.data[r.pos] != end {
		return "", r.fail("expected " + strconv.QuoteRune(rune(end)))
	}
	r.pos++
	return string(b), nil
}

// readQuoted reads length, colon and the quoted bytes.
func (r *serializedReader) readQuoted(escaped bool) ([]byte, error) {
	n, err := r.length(len(r.data) - r.pos)
	if err != nil {
		return nil, err
	}
	if err := r.expect(`"`); err != nil {
		return nil, err
	}
	if escaped {
		return r.escapedBytes(n)
	}
	if len(r.data)-r.pos < n+1 {
		return nil, r.fail("string is cut off")
	}
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b, r.expect(`"`)
}

// escapedBytes reads the n bytes of the rare S: form, where \41 is A.
func (r *serializedReader) escapedBytes(n int) ([]byte, error) {
	b := make([]byte, 0, n)
	for len(b) < n {
		if r.pos >= len(r.data) {
			return nil, r.fail("string is cut off")
		}
		c := r.data[r.pos]
		if c == '\\' {
			if len(r.data)-r.pos < 3 {
				return nil, r.fail("string is cut off")
			}
			v, err := strconv.ParseUint(string(r.data[r.pos+1:r.pos+3]), 16, 8)
			if err != nil {
				return nil, r.fail("bad escape")
			}
			c = byte(v)
			r.pos += 2
		}
		b = append(b, c)
		r.pos++
	}
	return b, r.expect(`"`)
}

// key reads the key of an array or property.
func (r *serializedReader) key() (Key, error) {
	if len(r.data)-r.pos < 4 || r.data[r.pos+1] != ':' {
		return Key{}, r.fail("expected a key")
	}
	switch r.data[r.pos] {
	case 'i':
		r.pos += 2
		n, err := r.number()
		return IntKey(n), err
	case 's', 'S':
		s, err := r.str(';')
		return Key{Str: s}, err
	}
	return Key{}, r.fail("expected a key")
}

// minEntry is the least number of bytes of a key and a value, those of i:0;N; for one.
const minEntry = 6

// count reads "n:{" of an array or object and enters it. What is claimed there
// must fit beside what those around it have claimed, so that all claims
// together are no larger than the data.
func (r *serializedReader) count() (int, error) {
	n, err := r.length(max(len(r.data)-r.pos-r.owed, 0) / minEntry)
	if err != nil {
		return 0, err
	}
	r.owed += n * minEntry
	return n, r.enter("{")
}

func (r *serializedReader) enter(brace string) error {
	if r.depth++; r.depth > maxDepth {
		return r.fail("nested too deep")
	}
	return r.expect(brace)
}

// propCount is count for an object, where PHP also takes +3, and nothing for 0.
func (r *serializedReader) propCount() (int, error) {
	switch rest := r.data[r.pos:]; {
	case bytes.HasPrefix(rest, []byte(":")):
		return 0, r.enter(":{")
	case bytes.HasPrefix(rest, []byte("+")):
		r.pos++
	}
	return r.count()
}

func (r *serializedReader) close() error {
	r.depth--
	return r.expect("}")
}

func (r *serializedReader) array(at *any) error {
	r.pos += 2
	n, err := r.count()
	if err != nil {
		return err
	}
	b := newArrayBuilder(n)
	*at = b.array // what is inside may refer to it
	for range n {
		r.owed -= minEntry
		k, err := r.key()
		if err != nil {
			return err
		}
		if !k.IsInt {
			k = StringKey(k.Str)
		}
		if err := r.value(b.place(k)); err != nil {
			return err
		}
	}
	return r.close()
}

func (r *serializedReader) object(at *any) error {
	r.pos += 2
	class, err := r.readQuoted(false)
	if err != nil {
		return err
	}
	if err := r.expect(":"); err != nil {
		return err
	}
	if !isClassName(class) {
		return r.fail("not a class name")
	}
	start := r.pos
	n, err := r.propCount()
	if err != nil {
		return err
	}
	b := newObjectBuilder(string(class), n)
	*at = b.object // what is inside may refer to it
	r.open.push(b.object)
	for range n {
		r.owed -= minEntry
		k, err := r.key()
		if err != nil {
			return err
		}
		if err := r.value(b.place(k)); err != nil {
			return err
		}
	}
	if err := r.close(); err != nil {
		return err
	}
	if err := r.open.finish(at, b.object); err != nil {
		return &SyntaxError{Offset: start, Msg: err.Error(), Err: err}
	}
	return nil
}

func (r *serializedReader) enum() (any, error) {
	r.pos += 2
	b, err := r.readQuoted(false)
	if err != nil {
		return nil, err
	}
	class, name, ok := bytes.Cut(b, []byte(":"))
	if !ok || !isClassName(class) || len(name) == 0 {
		return nil, r.fail("not a case of an enum")
	}
	return &Enum{Class: string(class), Case: string(name)}, r.expect(";")
}

// target reads the number behind r: or R: and returns where that value is.
func (r *serializedReader) target(at *any) (*any, error) {
	start := r.pos
	r.pos += 2
	n, err := r.number()
	if err != nil {
		return nil, err
	}
	if n < 1 || n > int64(len(r.slots)) || r.slots[n-1] == at {
		r.pos = start
		return nil, r.fail("reference to a value that is not there")
	}
	return r.slots[n-1], nil
}

func (r *serializedReader) sameObject(at *any) (any, error) {
	start := r.pos
	target, err := r.target(at)
	if err != nil {
		return nil, err
	}
	v := Deref(*target)
	if !isObject(v) {
		r.pos = start
		return nil, r.fail("reference to something that is no object")
	}
	r.open.name(v)
	return v, nil
}

func (r *serializedReader) reference(at *any) error {
	if r.data[r.pos+1] != ':' {
		return r.fail("unknown kind of value")
	}
	target, err := r.target(at)
	if err != nil {
		return err
	}
	*at = refTo(target)
	return nil
}
