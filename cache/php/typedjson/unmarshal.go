package typedjson

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/php"
)

// Unmarshal reads typed JSON into a value for [php.Marshal]. A string of which
// only length and digest are given cannot be read.
func Unmarshal(data []byte) (any, error) {
	p := &parser{objects: map[int]any{}, refs: map[int]*php.Ref{}}
	return p.value(data, 0)
}

type parser struct {
	objects map[int]any
	refs    map[int]*php.Ref
}

// input is the JSON of any kind of value.
type input struct {
	T        string            `json:"t"`
	ID       int               `json:"id"`
	Class    string            `json:"class"`
	ClassB64 string            `json:"class_b64"`
	Case     string            `json:"case"`
	Date     string            `json:"date"`
	UTC      string            `json:"utc"`
	ZoneType int64             `json:"timezone_type"`
	Zone     string            `json:"timezone"`
	Entries  []json.RawMessage `json:"entries"`
	Props    []inputProp       `json:"props"`
	Value    json.RawMessage   `json:"value"`
	Metadata json.RawMessage   `json:"metadata"`
	V        json.RawMessage   `json:"v"`
	VB64     *string           `json:"v_b64"`
	Bits     string            `json:"bits"`
	Ref      int               `json:"ref"`
}

type inputProp struct {
	Name       string          `json:"name"`
	NameB64    string          `json:"name_b64"`
	IntName    bool            `json:"int_name"`
	Visibility string          `json:"visibility"`
	DeclaredIn string          `json:"declared_in"`
	Value      json.RawMessage `json:"value"`
}

func (p *parser) value(data []byte, depth int) (any, error) {
	if depth > php.MaxDepth {
		return nil, fmt.Errorf("typedjson: nested deeper than %d", php.MaxDepth)
	}
	var in input
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("typedjson: %w", err)
	}
	switch in.T {
	case "null":
		return nil, nil
	case "bool":
		var b bool
		err := json.Unmarshal(in.V, &b)
		return b, wrap(in.T, err)
	case "int":
		n, err := strconv.ParseInt(in.text(), 10, 64)
		return n, wrap(in.T, err)
	case "float":
		f, err := in.float()
		return f, wrap(in.T, err)
	case "string":
		s, err := in.str()
		return s, wrap(in.T, err)
	case "array":
		return p.array(in, depth)
	case "same_object":
		v, ok := p.objects[in.ID]
		if !ok {
			return nil, fmt.Errorf("typedjson: no object %d before", in.ID)
		}
		return v, nil
	case "datetime", "object", "enum", "symfony_item":
		return p.object(in, depth)
	}
	return nil, fmt.Errorf("typedjson: unknown type %q", in.T)
}

func wrap(kind string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("typedjson: %s: %w", kind, err)
}

// text is "v" as a string, also where a number was written without quotes.
func (in *input) text() string {
	var s string
	if json.Unmarshal(in.V, &s) == nil {
		return s
	}
	return string(in.V)
}

func (in *input) str() (string, error) {
	if in.VB64 != nil {
		b, err := base64.StdEncoding.DecodeString(*in.VB64)
		return string(b), err
	}
	if in.V == nil {
		return "", fmt.Errorf("neither v nor v_b64")
	}
	var s string
	err := json.Unmarshal(in.V, &s)
	return s, err
}

func (in *input) float() (float64, error) {
	if in.Bits != "" {
		bits, err := strconv.ParseUint(in.Bits, 16, 64)
		return math.Float64frombits(bits), err
	}
	switch s := in.text(); s {
	case "INF":
		return math.Inf(1), nil
	case "-INF":
		return math.Inf(-1), nil
	case "NAN":
		return math.NaN(), nil
	default:
		return strconv.ParseFloat(s, 64)
	}
}

func (p *parser) array(in input, depth int) (any, error) {
	a := &php.Array{Entries: make([]php.Entry, 0, len(in.Entries))}
	for _, raw := range in.Entries {
		var e []json.RawMessage
		if err := json.Unmarshal(raw, &e); err != nil || len(e) < 2 {
			return nil, fmt.Errorf("typedjson: an entry is [key, value]")
		}
		key, err := p.value(e[0], depth+1)
		if err != nil {
			return nil, err
		}
		var k php.Key
		switch key := key.(type) {
		case int64:
			k = php.IntKey(key)
		case string:
			k = php.StringKey(key)
		default:
			return nil, fmt.Errorf("typedjson: a key is an int or a string")
		}
		v, err := p.element(e, depth)
		if err != nil {
			return nil, err
		}
		a.Entries = append(a.Entries, php.Entry{Key: k, Value: v})
	}
	return a, nil
}

// element is the value of an entry, with its reference if it is one.
func (p *parser) element(e []json.RawMessage, depth int) (any, error) {
	var head input
	if err := json.Unmarshal(e[1], &head); err != nil {
		return nil, fmt.Errorf("typedjson: %w", err)
	}
	if head.T == "same_ref" {
		r, ok := p.refs[head.Ref]
		if !ok {
			return nil, fmt.Errorf("typedjson: no reference %d before", head.Ref)
		}
		return r, nil
	}
	if len(e) < 3 {
		return p.value(e[1], depth+1)
	}
	var mark struct {
		Ref int `json:"ref"`
	}
	if err := json.Unmarshal(e[2], &mark); err != nil {
		return nil, fmt.Errorf("typedjson: %w", err)
	}
	r := &php.Ref{}
	p.refs[mark.Ref] = r
	var err error
	r.Value, err = p.value(e[1], depth+1)
	return r, err
}

func (p *parser) object(in input, depth int) (any, error) {
	class := in.Class
	if in.ClassB64 != "" {
		b, err := base64.StdEncoding.DecodeString(in.ClassB64)
		if err != nil {
			return nil, wrap("class", err)
		}
		class = string(b)
	}
	switch in.T {
	case "enum":
		return p.note(in.ID, &php.Enum{Class: class, Case: in.Case}), nil
	case "symfony_item":
		return p.item(in, depth)
	}
	o := &php.Object{Class: class}
	var d *php.DateTime
	if in.T == "datetime" {
		var err error
		if d, err = p.date(in, class); err != nil {
			return nil, err
		}
		p.note(in.ID, d)
	} else {
		p.note(in.ID, o)
	}
	for _, ip := range in.Props {
		prop, err := p.prop(ip, depth)
		if err != nil {
			return nil, err
		}
		o.Props = append(o.Props, prop)
	}
	if d != nil {
		d.Props = o.Props
		return d, nil
	}
	return o, nil
}

func (p *parser) note(id int, v any) any {
	if id != 0 {
		p.objects[id] = v
	}
	return v
}

// date needs date and zone as PHP stores them, or utc alone.
func (p *parser) date(in input, class string) (*php.DateTime, error) {
	if in.Date == "" {
		t, err := time.Parse(time.RFC3339Nano, in.UTC)
		if err != nil {
			return nil, wrap("datetime", err)
		}
		d := php.NewDateTime(t)
		d.Class = class
		return d, nil
	}
	return php.ParseDateTime(class, in.Date, in.ZoneType, in.Zone)
}

func (p *parser) prop(ip inputProp, depth int) (php.Prop, error) {
	name := ip.Name
	if ip.NameB64 != "" {
		b, err := base64.StdEncoding.DecodeString(ip.NameB64)
		if err != nil {
			return php.Prop{}, wrap("name", err)
		}
		name = string(b)
	}
	prop := php.Prop{Key: php.Key{Str: name}, DeclaredIn: ip.DeclaredIn}
	if ip.IntName {
		n, err := strconv.ParseInt(name, 10, 64)
		if err != nil {
			return prop, wrap("name", err)
		}
		prop.Key = php.IntKey(n)
	}
	switch strings.ToLower(ip.Visibility) {
	case "", "public":
	case "protected":
		prop.Visibility = php.Protected
	case "private":
		prop.Visibility = php.Private
	default:
		return prop, fmt.Errorf("typedjson: unknown visibility %q", ip.Visibility)
	}
	var err error
	prop.Value, err = p.value(ip.Value, depth+1)
	return prop, err
}

func (p *parser) item(in input, depth int) (any, error) {
	it := &php.Item{}
	p.note(in.ID, it)
	var err error
	if it.Value, err = p.value(in.Value, depth+1); err != nil {
		return nil, err
	}
	meta, err := p.value(in.Metadata, depth+1)
	if err != nil {
		return nil, err
	}
	a, ok := meta.(*php.Array)
	if !ok {
		return nil, fmt.Errorf("typedjson: metadata is an array")
	}
	for _, e := range a.Entries {
		switch v := e.Value.(type) {
		case int64:
			switch e.Key.Str {
			case "expiry":
				it.Expiry = v
			case "ctime":
				it.CTime = v
			}
		case *php.Array:
			if e.Key.Str == "tags" {
				it.Tags = v
			}
		}
	}
	return it, nil
}
