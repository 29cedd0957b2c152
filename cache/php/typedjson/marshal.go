package typedjson

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mosparo/go-cluster/cache/php"
)

// MaxSize is how many bytes of JSON [Marshal] writes at most: a few bytes of
// hostile igbinary can stand for a very large value.
const MaxSize = 128 << 20

// ErrTooLarge says that the JSON would exceed [MaxSize].
var ErrTooLarge = errors.New("typedjson: value is too large")

// Marshal returns one line of typed JSON for a value of [php.Decode]. Errors:
// [ErrTooLarge], any other Go value, nesting deeper than 512.
func Marshal(v any) ([]byte, error) { return marshal(v, MaxSize) }

func marshal(v any, maxSize int) ([]byte, error) {
	w := &writer{maxSize: maxSize, objects: map[any]int{}, refs: map[*php.Ref]int{}}
	if err := w.value(v); err != nil {
		return nil, err
	}
	return w.b, nil
}

// writer appends JSON; objects and references are numbered as they are met.
type writer struct {
	b       []byte
	maxSize int
	depth   int
	objects map[any]int
	refs    map[*php.Ref]int
}

func (w *writer) value(v any) error {
	if len(w.b) > w.maxSize {
		return ErrTooLarge
	}
	if w.depth++; w.depth > 2*maxDepth {
		return fmt.Errorf("typedjson: nested deeper than %d", maxDepth)
	}
	defer func() { w.depth-- }()
	switch v := php.Deref(v).(type) {
	case nil:
		w.raw(`{"t":"null"}`)
	case bool:
		w.raw(`{"t":"bool","v":`, strconv.FormatBool(v), `}`)
	case int64:
		w.raw(`{"t":"int","v":"`, strconv.FormatInt(v, 10), `"}`)
	case float64:
		w.raw(`{"t":"float","v":"`, floatText(v), `","bits":"`, fmt.Sprintf("%016x", math.Float64bits(v)), `"}`)
	case string:
		w.raw(`{"t":"string"`)
		w.text("v", v)
		w.raw(`}`)
	case *php.Array:
		return w.array(v)
	default:
		return w.object(v)
	}
	return nil
}

func (w *writer) raw(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
}

// text writes a member whose value is bytes, base64 where they are no UTF-8.
func (w *writer) text(name, s string) {
	if !utf8.ValidString(s) {
		w.raw(`,"`, name, `_b64":"`)
		w.b = base64.StdEncoding.AppendEncode(w.b, []byte(s))
		w.raw(`"`)
		return
	}
	w.raw(`,"`, name, `":"`)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', c)
		case c < 0x20:
			w.b = fmt.Appendf(w.b, `\u%04x`, c)
		default:
			w.b = append(w.b, c)
		}
	}
	w.raw(`"`)
}

func (w *writer) int(name string, n int) {
	w.raw(`,"`, name, `":`, strconv.Itoa(n))
}

// floatText is the float as PHP's var_export prints it.
func floatText(f float64) string {
	b, err := php.Marshal(f)
	if err != nil {
		return ""
	}
	s := strings.TrimSuffix(strings.TrimPrefix(string(b), "d:"), ";")
	if !strings.ContainsAny(s, ".EN") {
		s += ".0"
	}
	return s
}

func (w *writer) array(a *php.Array) error {
	w.raw(`{"t":"array","list":`, strconv.FormatBool(a.IsList()), `,"entries":[`)
	for i, e := range a.Elements {
		if i > 0 {
			w.raw(`,`)
		}
		w.raw(`[`)
		key := any(e.Key.Str)
		if e.Key.IsInt {
			key = e.Key.Int
		}
		if err := w.value(key); err != nil {
			return err
		}
		w.raw(`,`)
		if err := w.element(e.Value); err != nil {
			return err
		}
		w.raw(`]`)
	}
	w.raw(`]}`)
	return nil
}

// element writes the value of an array's element, followed by {"ref": n} where it is a
// reference.
func (w *writer) element(v any) error {
	r, ok := v.(*php.Ref)
	if !ok {
		return w.value(v)
	}
	n, again := w.ref(r)
	if again {
		w.raw(`{"t":"same_ref"`)
		w.int("ref", n)
		w.raw(`}`)
		return nil
	}
	if err := w.value(r.Value); err != nil {
		return err
	}
	w.raw(`,{"ref":`, strconv.Itoa(n), `}`)
	return nil
}

// ref is the number of a reference, and whether it was met before.
func (w *writer) ref(r *php.Ref) (n int, again bool) {
	if n, again = w.refs[r]; !again {
		n = len(w.refs) + 1
		w.refs[r] = n
	}
	return n, again
}

func (w *writer) object(v any) error {
	id := v
	if e, ok := v.(*php.Enum); ok {
		id = *e // there is one object for each case
	}
	if n, ok := w.objects[id]; ok {
		w.raw(`{"t":"same_object"`)
		w.int("id", n)
		w.raw(`}`)
		return nil
	}
	number := len(w.objects) + 1
	w.objects[id] = number
	open := func(kind string) {
		w.raw(`{"t":"`, kind, `"`)
		w.int("id", number)
	}
	var err error
	switch v := v.(type) {
	case *php.DateTime:
		open("datetime")
		err = w.date(v)
	case *php.Enum:
		open("enum")
		w.text("class", v.Class)
		w.text("case", v.Case)
	case *php.ValueWrapper:
		open("symfony_item")
		w.raw(`,"value":`)
		if err = w.value(v.Value); err == nil {
			w.raw(`,"metadata":`)
			err = w.value(v.Metadata())
		}
	case *php.Object:
		open("object")
		w.text("class", v.Class)
		err = w.props(v.Props)
	default:
		return fmt.Errorf("typedjson: %T is not a PHP value", v)
	}
	w.raw(`}`)
	return err
}

func (w *writer) date(v *php.DateTime) error {
	w.text("class", v.Class)
	w.text("utc", v.Time.UTC().Format("2006-01-02T15:04:05.000000Z"))
	w.text("unix", strconv.FormatInt(v.Time.Unix(), 10))
	w.int("micro", v.Time.Nanosecond()/int(time.Microsecond))
	_, offset := v.Time.Zone()
	w.int("offset", offset)
	w.text("date", v.Date())
	w.int("timezone_type", v.ZoneType)
	w.text("timezone", v.Zone)
	if len(v.Props) == 0 {
		return nil
	}
	return w.props(v.Props)
}

func (w *writer) props(props []php.Prop) error {
	w.raw(`,"props":[`)
	for i, p := range props {
		if i > 0 {
			w.raw(`,`)
		}
		if p.Key.IsInt {
			w.raw(`{"int_name":true,"name":"`, strconv.FormatInt(p.Key.Int, 10), `"`)
		} else {
			at := len(w.b)
			w.text("name", p.Key.Str)
			w.b[at] = '{' // in place of the comma
		}
		switch p.Scope {
		case "":
		case "*":
			w.text("visibility", "protected")
		default:
			w.text("visibility", "private")
			w.text("declared_in", p.Scope)
		}
		w.raw(`,"value":`)
		if err := w.propValue(p.Value); err != nil {
			return err
		}
		w.raw(`}`)
	}
	w.raw(`]`)
	return nil
}

// propValue writes the value of a property, with its reference as a member
// beside it. A short value behind a reference is repeated, as PHP shows it.
func (w *writer) propValue(v any) error {
	r, ok := v.(*php.Ref)
	if !ok {
		return w.value(v)
	}
	n, again := w.ref(r)
	if again && !short(r.Value) {
		w.raw(`{"t":"same_ref"`)
		w.int("ref", n)
		w.raw(`}`)
		return nil
	}
	if err := w.value(r.Value); err != nil {
		return err
	}
	w.int("ref", n)
	return nil
}

func short(v any) bool {
	switch v := v.(type) {
	case *php.Array:
		return false
	case string:
		return len(v) <= 64
	}
	return true
}
