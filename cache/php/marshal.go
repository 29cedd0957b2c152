package php

import (
	"cmp"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// Marshaler is a Go type that gives its own PHP value: anything that [Marshal]
// takes. Its method may have a pointer receiver also where [Marshal] gets no
// pointer.
type Marshaler interface {
	MarshalPHP() (any, error)
}

// Marshal writes v as PHP's serialize() does, which every PHP node can read
// (igbinary is an extension that some lack). The values of [Decode] come out
// with PHP's own bytes. Of other Go values
//
//   - nil pointers, interfaces, slices other than []byte, and maps are null,
//   - time.Time is a DateTime in UTC, cut to microseconds,
//   - string and []byte are strings,
//   - slices and arrays are lists,
//   - maps with string or integer keys are arrays in the order of their keys,
//   - structs are arrays of their exported fields, named by the field or the
//     tag `php:"name"`; `php:"-"` leaves a field out, `php:",omitempty"` an
//     empty one, and fields of embedded structs belong to the outer one, but for
//     those that stand for a PHP value, such as time.Time.
//
// A [*DateTime] is written at its moment in its zone. Errors are [*EncodeError]: a
// uint above PHP's largest int, a year of more than four digits, which PHP before
// 8.2 cannot read, a date, enum or class name that PHP would refuse, a type
// without a PHP form, such as a struct that has fields and exports none, nesting
// deeper than 512.
func Marshal(v any) ([]byte, error) {
	w := &writer{}
	switch v := v.(type) { // the large ones
	case string:
		w.b = make([]byte, 0, len(v)+quotes)
	case []byte:
		w.b = make([]byte, 0, len(v)+quotes)
	}
	if err := w.any(v); err != nil {
		return nil, err
	}
	return w.b, nil
}

// quotes is enough room for what stands around a string.
const quotes = 32

// writer writes serialize() format.
type writer struct {
	b     []byte
	depth int
	// n is the number of the last value; known are the numbers of objects
	// and references.
	n     int
	known map[any]int
	path  path
}

func (w *writer) fail(format string, args ...any) error {
	return &EncodeError{Path: w.path.String(), Msg: fmt.Sprintf(format, args...)}
}

// writeRepeated writes a reference if the object was written before, else notes it.
// Every value has a number but repeated references.
func (w *writer) writeRepeated(id any, ref bool) bool {
	if n, ok := w.known[id]; ok {
		kind := "R:"
		if !ref {
			kind = "r:"
			w.n++
		}
		w.b = append(w.b, kind...)
		w.b = strconv.AppendInt(w.b, int64(n), 10)
		w.b = append(w.b, ';')
		return true
	}
	if w.known == nil {
		w.known = map[any]int{}
	}
	w.known[id] = w.n + 1
	return false
}

// objectID is what makes an object the same object.
func objectID(v any) any {
	if e, ok := v.(*Enum); ok {
		return *e // there is one object for each case
	}
	return v
}

func (w *writer) any(v any) error {
	if r, ok := v.(*Ref); ok {
		if r == nil {
			return w.any(nil)
		}
		id := any(r)
		if isObject(r.Value) {
			id = objectID(r.Value)
		}
		if w.writeRepeated(id, true) {
			return nil
		}
		if _, ok := r.Value.(*Ref); ok {
			return w.fail("reference to a reference")
		}
		return w.value(r.Value)
	}
	if isObject(v) && !isNilPointer(v) && w.writeRepeated(objectID(v), false) {
		return nil
	}
	return w.value(v)
}

func isNilPointer(v any) bool {
	rv := reflect.ValueOf(v)
	return rv.Kind() == reflect.Pointer && rv.IsNil()
}

// value writes a value that was not written before.
func (w *writer) value(v any) error {
	w.n++
	switch v := v.(type) {
	case nil:
		w.null()
	case bool:
		w.bool(v)
	case int64:
		w.int(v)
	case float64:
		w.b = append(w.b, "d:"...)
		w.b = appendFloat(w.b, v)
		w.b = append(w.b, ';')
	case string:
		w.str(v)
	case []byte:
		w.b = append(appendQuoted(append(w.b, 's'), v), ';')
	case time.Time:
		return w.time(v)
	case *Array:
		if v == nil {
			w.null()
			return nil
		}
		return w.array(v)
	case *Object, *DateTime, *Enum, *ValueWrapper:
		if isNilPointer(v) {
			w.null()
			return nil
		}
		return w.special(v)
	default:
		w.n-- // counted again
		return w.reflect(reflect.ValueOf(v))
	}
	return nil
}

func (w *writer) null() { w.b = append(w.b, "N;"...) }

func (w *writer) bool(v bool) {
	if v {
		w.b = append(w.b, "b:1;"...)
	} else {
		w.b = append(w.b, "b:0;"...)
	}
}

func (w *writer) int(n int64) {
	w.b = append(w.b, "i:"...)
	w.b = strconv.AppendInt(w.b, n, 10)
	w.b = append(w.b, ';')
}

func (w *writer) str(s string) {
	w.b = append(appendQuoted(append(w.b, 's'), s), ';')
}

func appendQuoted[T string | []byte](b []byte, s T) []byte {
	b = append(b, ':')
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':', '"')
	b = append(b, s...)
	return append(b, '"')
}

// open writes the beginning of an array or object of n elements.
func (w *writer) open(n int) error {
	if w.depth++; w.depth > maxDepth {
		return w.fail("nested deeper than %d", maxDepth)
	}
	w.b = append(w.b, ':')
	w.b = strconv.AppendInt(w.b, int64(n), 10)
	w.b = append(w.b, ":{"...)
	return nil
}

func (w *writer) close() {
	w.depth--
	w.b = append(w.b, '}')
}

func (w *writer) key(k Key) {
	if k.IsInt {
		w.int(k.Int)
	} else {
		w.str(k.Str)
	}
}

func (w *writer) array(a *Array) error {
	w.b = append(w.b, 'a')
	if err := w.open(len(a.Elements)); err != nil {
		return err
	}
	for _, e := range a.Elements {
		w.path.push(e.Key)
		w.key(e.Key)
		if err := w.any(e.Value); err != nil {
			return err
		}
		w.path.pop()
	}
	w.close()
	return nil
}

func (w *writer) special(v any) error {
	switch v := v.(type) {
	case *DateTime:
		return w.dateTime(v)
	case *ValueWrapper:
		return w.properties(v.object())
	case *Enum:
		if !isClassName([]byte(v.Class)) || v.Case == "" {
			return w.fail("%q is not a case of an enum", v.Class+":"+v.Case)
		}
		w.b = append(appendQuoted(append(w.b, 'E'), v.Class+":"+v.Case), ';')
		return nil
	default:
		return w.object(v.(*Object))
	}
}

// time writes the object of newDateTime, which is what nodes write most.
func (w *writer) time(t time.Time) error {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return w.dateTime(newDateTime(t))
	}
	if w.b == nil {
		w.b = make([]byte, 0, 128)
	}
	w.n += 3
	w.b = append(w.b, dateHead...)
	w.b = t.AppendFormat(w.b, dateLayout)
	w.b = append(w.b, dateMiddle+"3"+dateZone...)
	w.b = append(w.b, `3:"UTC";}`...)
	return nil
}

func (w *writer) dateTime(d *DateTime) error {
	o, err := d.object()
	if err != nil {
		return w.fail("%v", err)
	}
	return w.properties(o)
}

func (w *writer) object(o *Object) error {
	if !isClassName([]byte(o.Class)) {
		return w.fail("%q is not the name of a class", o.Class)
	}
	if isDateClass(o.Class) {
		if d, err := dateTimeOf(o); d == nil {
			return w.fail("an object of %s: %v", o.Class, cmp.Or(err, errDate))
		}
	}
	return w.properties(o)
}

// properties writes an object that PHP can read.
func (w *writer) properties(o *Object) error {
	w.b = appendQuoted(append(w.b, 'O'), o.Class)
	if err := w.open(len(o.Props)); err != nil {
		return err
	}
	for i := range o.Props {
		w.path.push(o.Props[i].Key)
		w.key(o.Props[i].mangle())
		if err := w.any(o.Props[i].Value); err != nil {
			return err
		}
		w.path.pop()
	}
	w.close()
	return nil
}
