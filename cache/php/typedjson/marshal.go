package typedjson

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mosparo/go-cluster/cache/php"
)

// Marshal returns one line of typed JSON for a value of [php.Decode]. It fails
// for any other Go value.
func Marshal(v any) ([]byte, error) {
	return json.Marshal(node{v: v, seen: &seen{objects: map[any]int{}, refs: map[*php.Ref]int{}}})
}

// seen numbers objects and references as they are met.
type seen struct {
	objects map[any]int
	refs    map[*php.Ref]int
}

// node is one value on its way to JSON.
type node struct {
	v    any
	seen *seen
}

// doc is the JSON of a value; the order of the fields is that of the text.
type doc struct {
	T        string  `json:"t"`
	ID       int     `json:"id,omitempty"`
	Class    string  `json:"class,omitempty"`
	ClassB64 string  `json:"class_b64,omitempty"`
	Case     string  `json:"case,omitempty"`
	UTC      string  `json:"utc,omitempty"`
	Unix     string  `json:"unix,omitempty"`
	Micro    *int    `json:"micro,omitempty"`
	Offset   *int    `json:"offset,omitempty"`
	Date     string  `json:"date,omitempty"`
	ZoneType int     `json:"timezone_type,omitempty"`
	Zone     string  `json:"timezone,omitempty"`
	List     *bool   `json:"list,omitempty"`
	Entries  *[]any  `json:"entries,omitempty"`
	Props    *[]prop `json:"props,omitempty"`
	Value    *node   `json:"value,omitempty"`
	Metadata *node   `json:"metadata,omitempty"`
	V        any     `json:"v,omitempty"`
	VB64     *string `json:"v_b64,omitempty"`
	Bits     string  `json:"bits,omitempty"`
	Ref      int     `json:"ref,omitempty"`
}

type prop struct {
	Name       string `json:"name"`
	NameB64    string `json:"name_b64,omitempty"`
	IntName    bool   `json:"int_name,omitempty"`
	Visibility string `json:"visibility,omitempty"`
	DeclaredIn string `json:"declared_in,omitempty"`
	Value      node   `json:"value"`
}

// MarshalJSON implements [json.Marshaler].
func (n node) MarshalJSON() ([]byte, error) {
	d, err := n.doc()
	if err != nil {
		return nil, err
	}
	return json.Marshal(d)
}

func (n node) doc() (*doc, error) {
	switch v := php.Deref(n.v).(type) {
	case nil:
		return &doc{T: "null"}, nil
	case bool:
		return &doc{T: "bool", V: v}, nil
	case int64:
		return &doc{T: "int", V: strconv.FormatInt(v, 10)}, nil
	case float64:
		return &doc{T: "float", V: floatText(v), Bits: fmt.Sprintf("%016x", math.Float64bits(v))}, nil
	case string:
		d := &doc{T: "string"}
		if utf8.ValidString(v) {
			d.V = v
		} else {
			d.VB64 = new(base64.StdEncoding.EncodeToString([]byte(v)))
		}
		return d, nil
	case *php.Array:
		return n.array(v), nil
	default:
		return n.object(v)
	}
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

func (n node) array(a *php.Array) *doc {
	entries := make([]any, len(a.Entries))
	for i, e := range a.Entries {
		key := node{v: e.Key.Str, seen: n.seen}
		if e.Key.IsInt {
			key.v = e.Key.Int
		}
		entries[i] = n.entry(key, e.Value)
	}
	list := a.IsList()
	return &doc{T: "array", List: &list, Entries: &entries}
}

// entry is [key, value], with {"ref": n} where the value is a reference.
func (n node) entry(key node, v any) []any {
	r, ok := v.(*php.Ref)
	if !ok {
		return []any{key, node{v: v, seen: n.seen}}
	}
	if id, ok := n.seen.refs[r]; ok {
		return []any{key, doc{T: "same_ref", Ref: id}}
	}
	id := len(n.seen.refs) + 1
	n.seen.refs[r] = id
	return []any{key, node{v: r.Value, seen: n.seen}, map[string]int{"ref": id}}
}

func (n node) object(v any) (*doc, error) {
	var id any = v
	if e, ok := v.(*php.Enum); ok {
		id = *e
	}
	if at, ok := n.seen.objects[id]; ok {
		return &doc{T: "same_object", ID: at}, nil
	}
	number := len(n.seen.objects) + 1
	n.seen.objects[id] = number
	d := &doc{ID: number}
	switch v := v.(type) {
	case *php.DateTime:
		n.date(d, v)
	case *php.Enum:
		d.T, d.Case = "enum", v.Case
		d.class(v.Class)
	case *php.Item:
		d.T = "symfony_item"
		d.Value = &node{v: v.Value, seen: n.seen}
		d.Metadata = &node{v: v.Metadata(), seen: n.seen}
	case *php.Object:
		d.T = "object"
		d.class(v.Class)
		d.Props = n.props(v.Props)
	default:
		return nil, fmt.Errorf("typedjson: %T is not a PHP value", v)
	}
	return d, nil
}

func (d *doc) class(name string) {
	if utf8.ValidString(name) {
		d.Class = name
	} else {
		d.ClassB64 = base64.StdEncoding.EncodeToString([]byte(name))
	}
}

func (n node) date(d *doc, v *php.DateTime) {
	_, offset := v.Time.Zone()
	micro := v.Time.Nanosecond() / int(time.Microsecond)
	d.T, d.UTC, d.Unix = "datetime", v.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), strconv.FormatInt(v.Time.Unix(), 10)
	d.class(v.Class)
	d.Micro, d.Offset = &micro, &offset
	d.Date, d.ZoneType, d.Zone = v.Date(), v.ZoneType, v.Zone
	if len(v.Props) > 0 {
		d.Props = n.props(v.Props)
	}
}

func (n node) props(ps []php.Prop) *[]prop {
	out := make([]prop, len(ps))
	for i, p := range ps {
		o := prop{Name: p.Key.Str, IntName: p.Key.IsInt, DeclaredIn: p.DeclaredIn, Value: node{v: p.Value, seen: n.seen}}
		if p.Key.IsInt {
			o.Name = strconv.FormatInt(p.Key.Int, 10)
		} else if !utf8.ValidString(o.Name) {
			o.NameB64, o.Name = base64.StdEncoding.EncodeToString([]byte(o.Name)), ""
		}
		if p.Visibility != php.Public {
			o.Visibility = p.Visibility.String()
		}
		out[i] = o
	}
	return &out
}
