package php

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// The tags of igbinary, versions 1 and 2. A name that ends in 8 is the first of
// three tags in a row, for lengths or numbers of 8, 16 and 32 bits.
const (
	igNull        = 0x00
	igArrayRef8   = 0x01
	igFalse       = 0x04
	igTrue        = 0x05
	igLong8       = 0x06 // positive, then negative, then the next size
	igLong32n     = 0x0b
	igDouble      = 0x0c
	igEmptyString = 0x0d
	igStringID8   = 0x0e
	igString8     = 0x11
	igArray8      = 0x14
	igObject8     = 0x17
	igObjectID8   = 0x1a
	igObjectSer8  = 0x1d
	igLong64      = 0x20
	igLong64n     = 0x21
	igObjectRef8  = 0x22
	igRef         = 0x25
	igEnum        = 0x27
)

// igbinaryReader reads what igbinary_serialize() wrote.
type igbinaryReader struct {
	data  []byte
	pos   int
	depth int
	// owed is how many bytes the open arrays and objects still need at least.
	owed int
	// strings are numbered from 0 as they appear.
	strings []string
	// values point to the arrays, objects and referenced scalars, numbered from 0
	// as they appear.
	values []*any
	// open are the objects that contain the next value.
	open openObjects
	// openArrays are the arrays that contain it.
	openArrays []*Array
	// copies is the budget for repeated strings and arrays, in elements and bytes:
	// a repetition takes two bytes of input, however long the value is.
	copies int
}

// freeCopies is the budget for repetitions of a short input.
const freeCopies = 4 << 20

func decodeIgbinary(data []byte) (any, error) {
	r := &igbinaryReader{data: data, pos: 4, copies: max(freeCopies, 64*len(data))}
	var root any
	if err := r.value(&root); err != nil {
		return nil, err
	}
	if r.pos != len(data) {
		return nil, r.fail("bytes after the value")
	}
	return Deref(root), nil
}

func (r *igbinaryReader) fail(msg string) error {
	return &SyntaxError{Offset: r.pos, Msg: "igbinary: " + msg}
}

// take returns the next n bytes.
func (r *igbinaryReader) take(n int) ([]byte, error) {
	if n < 0 || len(r.data)-r.pos < n {
		return nil, r.fail("value is cut off")
	}
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b, nil
}

func (r *igbinaryReader) tag() (byte, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// uint reads an unsigned number of 8, 16 or 32 bits (size 0, 1, 2).
func (r *igbinaryReader) uint(size byte) (uint32, error) {
	b, err := r.take(1 << size)
	if err != nil {
		return 0, err
	}
	switch size {
	case 0:
		return uint32(b[0]), nil
	case 1:
		return uint32(binary.BigEndian.Uint16(b)), nil
	default:
		return binary.BigEndian.Uint32(b), nil
	}
}

// value reads one value into *at.
func (r *igbinaryReader) value(at *any) error {
	tag, err := r.tag()
	if err != nil {
		return err
	}
	switch {
	case tag == igRef:
		return r.reference(at)
	case tag >= igArray8 && tag < igArray8+3:
		return r.array(at, tag-igArray8)
	case tag >= igObject8 && tag < igObjectID8+3:
		return r.object(at, tag)
	case tag >= igObjectRef8 && tag < igObjectRef8+3:
		target, err := r.target(tag - igObjectRef8)
		if err != nil {
			return err
		}
		if *at, err = r.again(target); err == nil {
			r.open.name(*at)
		}
		return err
	default:
		*at, err = r.scalar(tag)
		return err
	}
}

func (r *igbinaryReader) scalar(tag byte) (any, error) {
	switch {
	case tag == igNull:
		return nil, nil
	case tag == igFalse, tag == igTrue:
		return tag == igTrue, nil
	case isLong(tag):
		return r.long(tag)
	case tag == igDouble:
		b, err := r.take(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case isString(tag):
		return r.str(tag)
	case tag >= igArrayRef8 && tag < igArrayRef8+3:
		return r.copy(tag - igArrayRef8)
	case tag >= igObjectSer8 && tag < igObjectSer8+3:
		return nil, r.fail("object with a format of its own")
	}
	return nil, r.fail("unknown kind of value")
}

// copy reads the number of an earlier value and returns that value: usually an array
// that PHP holds only once.
func (r *igbinaryReader) copy(size byte) (any, error) {
	target, err := r.target(size)
	if err != nil {
		return nil, err
	}
	return r.again(target)
}

// again returns an earlier value, unless that takes too much.
func (r *igbinaryReader) again(target *any) (any, error) {
	v := Deref(*target)
	if a, ok := v.(*Array); ok && slices.Contains(r.openArrays, a) {
		return nil, r.fail("array inside itself")
	}
	return v, r.spend(v, r.depth)
}

// spend takes the size of a repeated value at this depth from the budget.
func (r *igbinaryReader) spend(v any, depth int) error {
	if r.copies--; r.copies < 0 {
		return r.fail("names the same values too often")
	}
	switch v := v.(type) {
	case string:
		if r.copies -= len(v); r.copies < 0 {
			return r.fail("names the same values too often")
		}
	case *Array:
		if depth++; depth > maxDepth {
			return r.fail("nested too deep")
		}
		for _, e := range v.Elements {
			if err := r.spend(e.Value, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func isLong(tag byte) bool {
	return tag >= igLong8 && tag <= igLong32n || tag == igLong64 || tag == igLong64n
}

func (r *igbinaryReader) long(tag byte) (int64, error) {
	if tag == igLong64 || tag == igLong64n {
		b, err := r.take(8)
		if err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint64(b)
		switch {
		case tag == igLong64 && n <= math.MaxInt64:
			return int64(n), nil
		case tag == igLong64n && n <= 1<<63:
			return int64(-n), nil
		}
		return 0, nil // what does not fit is 0 to PHP's igbinary
	}
	n, err := r.uint((tag - igLong8) / 2)
	if (tag-igLong8)%2 == 1 {
		return -int64(n), err
	}
	return int64(n), err
}

func isString(tag byte) bool { return tag >= igEmptyString && tag < igString8+3 }

func (r *igbinaryReader) str(tag byte) (string, error) {
	switch {
	case tag == igEmptyString:
		return "", nil
	case tag < igString8:
		return r.knownString(tag - igStringID8)
	default:
		return r.newString(tag - igString8)
	}
}

func (r *igbinaryReader) newString(size byte) (string, error) {
	n, err := r.uint(size)
	if err != nil {
		return "", err
	}
	if uint64(n) > uint64(len(r.data)-r.pos) {
		return "", r.fail("string of " + strconv.FormatUint(uint64(n), 10) + " bytes is cut off")
	}
	b, err := r.take(int(n))
	if err != nil {
		return "", err
	}
	s := string(b)
	r.strings = append(r.strings, s)
	return s, nil
}

func (r *igbinaryReader) knownString(size byte) (string, error) {
	n, err := r.uint(size)
	if err != nil {
		return "", err
	}
	if uint64(n) >= uint64(len(r.strings)) {
		return "", r.fail("string that is not there")
	}
	return r.strings[n], r.spend(r.strings[n], r.depth)
}

// target reads the number of an earlier value and returns where that is.
func (r *igbinaryReader) target(size byte) (*any, error) {
	n, err := r.uint(size)
	if err != nil {
		return nil, err
	}
	if uint64(n) >= uint64(len(r.values)) {
		return nil, r.fail("reference to a value that is not there")
	}
	return r.values[n], nil
}

// reference reads what follows the tag of a reference.
func (r *igbinaryReader) reference(at *any) error {
	if r.pos < len(r.data) {
		tag := r.data[r.pos]
		known := tag >= igArrayRef8 && tag < igArrayRef8+3
		if known || tag >= igObjectRef8 && tag < igObjectRef8+3 {
			r.pos++
			size := tag - igObjectRef8
			if known {
				size = tag - igArrayRef8
			}
			target, err := r.target(size)
			if err != nil {
				return err
			}
			*at = refTo(target)
			return nil
		}
		if tag == igRef {
			return r.fail("reference to a reference")
		}
	}
	before := len(r.values)
	if err := r.value(at); err != nil {
		return err
	}
	if len(r.values) == before {
		// Arrays and objects always have a number, scalars only if they are
		// referenced.
		r.values = append(r.values, at)
	}
	refTo(at)
	return nil
}

// minElement is the least number of bytes of a key and a value.
const minElement = 2

// count reads the number of elements and goes one level down; see
// [serializedReader.count].
func (r *igbinaryReader) count(size byte) (int, error) {
	n, err := r.uint(size)
	if err != nil {
		return 0, err
	}
	if uint64(n) > uint64(max(len(r.data)-r.pos-r.owed, 0)/minElement) {
		return 0, r.fail("count beyond the end")
	}
	if r.depth++; r.depth > maxDepth {
		return 0, r.fail("nested too deep")
	}
	r.owed += int(n) * minElement
	return int(n), nil
}

// key reads a key. ok is false for an element that was counted but left out: it has
// neither key nor value.
func (r *igbinaryReader) key() (k Key, ok bool, err error) {
	tag, err := r.tag()
	switch {
	case err != nil:
		return Key{}, false, err
	case tag == igNull:
		return Key{}, false, nil
	case isLong(tag):
		n, err := r.long(tag)
		return IntKey(n), true, err
	case isString(tag):
		s, err := r.str(tag)
		return Key{Str: s}, true, err
	}
	return Key{}, false, r.fail("expected a key")
}

func (r *igbinaryReader) array(at *any, size byte) error {
	r.values = append(r.values, at)
	n, err := r.count(size)
	if err != nil {
		return err
	}
	b := newArrayBuilder(n)
	*at = b.array // what is inside may refer to it
	r.openArrays = append(r.openArrays, b.array)
	for range n {
		r.owed -= minElement
		k, ok, err := r.key() // as it stands: PHP makes no int of "5" here
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := r.value(b.place(k)); err != nil {
			return err
		}
	}
	r.depth--
	r.openArrays = r.openArrays[:len(r.openArrays)-1]
	return nil
}

func (r *igbinaryReader) object(at *any, tag byte) error {
	var class string
	var err error
	if tag < igObjectID8 {
		class, err = r.newString(tag - igObject8)
	} else {
		class, err = r.knownString(tag - igObjectID8)
	}
	if err != nil {
		return err
	}
	if !isClassName([]byte(class)) {
		return r.fail("not a class name")
	}
	r.values = append(r.values, at)
	start := r.pos
	inner, err := r.tag()
	switch {
	case err != nil:
		return err
	case inner == igEnum:
		*at, err = r.enum(class)
		return err
	case inner < igArray8 || inner >= igArray8+3:
		return r.fail("object with a format of its own")
	}
	n, err := r.count(inner - igArray8)
	if err != nil {
		return err
	}
	b := newObjectBuilder(class, n)
	*at = b.object // what is inside may refer to it
	r.open.push(b.object)
	for range n {
		r.owed -= minElement
		k, ok, err := r.key()
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := r.value(b.place(k)); err != nil {
			return err
		}
	}
	r.depth--
	if err := r.open.finish(at, b.object); err != nil {
		return &SyntaxError{Offset: start, Msg: "igbinary: " + err.Error(), Err: err}
	}
	return nil
}

func (r *igbinaryReader) enum(class string) (any, error) {
	tag, err := r.tag()
	if err != nil {
		return nil, err
	}
	if !isString(tag) || tag == igEmptyString {
		return nil, r.fail("not a case of an enum")
	}
	name, err := r.str(tag)
	if err == nil && name == "" {
		err = r.fail("not a case of an enum")
	}
	return &Enum{Class: class, Case: name}, err
}
