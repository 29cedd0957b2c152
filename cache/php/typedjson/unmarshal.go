package typedjson

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/php"
)

// Unmarshal reads typed JSON into a value for [php.Marshal]: what [Marshal]
// writes, and also descriptions with less: a float without bits, a datetime
// with utc alone, objects without ids. A string of which only length and
// digest are given cannot be read.
func Unmarshal(data []byte) (any, error) {
	in := &input{}
	if err := json.Unmarshal(data, in); err != nil {
		return nil, fmt.Errorf("typedjson: %w", err)
	}
	p := &parser{objects: map[int]any{}, refs: map[int]*php.Ref{}}
	v, err := p.value(in)
	if err != nil {
		return nil, fmt.Errorf("typedjson: %w", err)
	}
	return v, nil
}

// input is the JSON of any kind of value, and of the mark behind a reference.
type input struct {
	T        string          `json:"t"`
	ID       int             `json:"id"`
	Class    string          `json:"class"`
	ClassB64 []byte          `json:"class_b64"`
	Case     string          `json:"case"`
	CaseB64  []byte          `json:"case_b64"`
	Date     string          `json:"date"`
	UTC      string          `json:"utc"`
	ZoneType int64           `json:"timezone_type"`
	Zone     string          `json:"timezone"`
	Entries  [][]*input      `json:"entries"`
	Props    []inputProp     `json:"props"`
	Value    *input          `json:"value"`
	Metadata *input          `json:"metadata"`
	V        json.RawMessage `json:"v"`
	VB64     *string         `json:"v_b64"`
	Bits     string          `json:"bits"`
	Ref      int             `json:"ref"`
}

type inputProp struct {
	Name       string `json:"name"`
	NameB64    []byte `json:"name_b64"`
	IntName    bool   `json:"int_name"`
	Visibility string `json:"visibility"`
	DeclaredIn string `json:"declared_in"`
	// DeclaredInB64 and the other _b64 members stand where the bytes are no
	// UTF-8.
	DeclaredInB64 []byte `json:"declared_in_b64"`
	Value         *input `json:"value"`
	Ref           int    `json:"ref"`
}

// either is the text or, where that is missing, the bytes.
func either(text string, b64 []byte) string {
	if text == "" {
		return string(b64)
	}
	return text
}

// parser turns the JSON into values; the maps are what same_object and
// same_ref name.
type parser struct {
	depth   int
	objects map[int]any
	refs    map[int]*php.Ref
}

func (p *parser) value(in *input) (any, error) {
	if in == nil {
		return nil, errors.New("value is missing")
	}
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	switch in.T {
	case "null":
		return nil, nil
	case "bool":
		var b bool
		err := json.Unmarshal(in.V, &b)
		return b, in.wrap(err)
	case "int":
		n, err := strconv.ParseInt(in.text(), 10, 64)
		return n, in.wrap(err)
	case "float":
		f, err := in.float()
		return f, in.wrap(err)
	case "string":
		s, err := in.str()
		return s, in.wrap(err)
	case "array":
		return p.array(in)
	case "object":
		return p.object(in)
	case "datetime":
		return p.date(in)
	case "enum":
		return p.note(in.ID, &php.Enum{Class: either(in.Class, in.ClassB64), Case: either(in.Case, in.CaseB64)}), nil
	case "symfony_item":
		return p.wrapper(in)
	case "same_object":
		v, ok := p.objects[in.ID]
		if !ok {
			return nil, fmt.Errorf("no object %d before", in.ID)
		}
		return v, nil
	}
	return nil, fmt.Errorf("unknown type %q", in.T)
}

func (in *input) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", in.T, err)
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
		return "", errors.New("neither v nor v_b64")
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
		return math.Float64frombits(0x7ff8000000000000), nil // PHP's
	default:
		return strconv.ParseFloat(s, 64)
	}
}

func (p *parser) array(in *input) (any, error) {
	a := &php.Array{Elements: make([]php.Element, 0, len(in.Entries))}
	places := make(map[php.Key]int, len(in.Entries))
	for _, e := range in.Entries {
		if len(e) < 2 {
			return nil, errors.New("an entry is [key, value]")
		}
		key, err := p.value(e[0])
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
			return nil, errors.New("a key is an int or a string")
		}
		ref := 0
		if len(e) > 2 && e[2] != nil {
			ref = e[2].Ref
		}
		v, err := p.element(e[1], ref)
		if err != nil {
			return nil, err
		}
		// As in PHP, the last of equal keys wins in the place of the first.
		if i, ok := places[k]; ok {
			a.Elements[i].Value = v
			continue
		}
		places[k] = len(a.Elements)
		a.Elements = append(a.Elements, php.Element{Key: k, Value: v})
	}
	return a, nil
}

// element is a value that is reference number ref, unless that is 0.
func (p *parser) element(in *input, ref int) (any, error) {
	if in != nil && in.T == "same_ref" {
		r, ok := p.refs[in.Ref]
		if !ok {
			return nil, fmt.Errorf("no reference %d before", in.Ref)
		}
		return r, nil
	}
	if ref == 0 {
		return p.value(in)
	}
	if r, ok := p.refs[ref]; ok {
		return r, nil // the value is repeated
	}
	r := &php.Ref{}
	p.refs[ref] = r // before what is inside, which may name it
	var err error
	r.Value, err = p.value(in)
	return r, err
}

// note makes an object known by its number.
func (p *parser) note(id int, v any) any {
	if id != 0 {
		p.objects[id] = v
	}
	return v
}

func (p *parser) object(in *input) (any, error) {
	o := &php.Object{Class: either(in.Class, in.ClassB64)}
	p.note(in.ID, o)
	var err error
	o.Props, err = p.props(in.Props)
	return o, err
}

func (p *parser) date(in *input) (any, error) {
	d, err := in.dateTime()
	if err != nil {
		return nil, in.wrap(err)
	}
	d.Class = either(in.Class, in.ClassB64)
	p.note(in.ID, d)
	d.Props, err = p.props(in.Props)
	return d, err
}

// dateTime needs date and zone as PHP stores them, or utc alone. Reading the
// object that PHP would store finds the moment and the zone as PHP does.
func (in *input) dateTime() (d *php.DateTime, err error) {
	date, zoneType, zone := in.Date, in.ZoneType, in.Zone
	if date == "" {
		t, err := time.Parse(time.RFC3339Nano, in.UTC)
		if err != nil {
			return nil, err
		}
		date, zoneType, zone = t.UTC().Format("2006-01-02 15:04:05.000000"), 3, "UTC"
	}
	stored, err := php.Marshal(&php.Object{Class: "DateTime", Props: []php.Prop{
		{Key: php.StringKey("date"), Value: date},
		{Key: php.StringKey("timezone_type"), Value: zoneType},
		{Key: php.StringKey("timezone"), Value: zone},
	}})
	if err != nil {
		return nil, err
	}
	return d, php.Unmarshal(stored, &d)
}

func (p *parser) props(in []inputProp) ([]php.Prop, error) {
	props := make([]php.Prop, len(in))
	for i, ip := range in {
		prop := &props[i]
		prop.Key.Str = either(ip.Name, ip.NameB64)
		if ip.IntName {
			n, err := strconv.ParseInt(ip.Name, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("name: %w", err)
			}
			prop.Key = php.IntKey(n)
		}
		switch strings.ToLower(ip.Visibility) {
		case "", "public":
		case "protected":
			prop.Scope = "*"
		case "private":
			if prop.Scope = either(ip.DeclaredIn, ip.DeclaredInB64); prop.Scope == "" || prop.Scope == "*" {
				return nil, fmt.Errorf("a private property was declared in no class")
			}
		default:
			return nil, fmt.Errorf("unknown visibility %q", ip.Visibility)
		}
		var err error
		if prop.Value, err = p.element(ip.Value, ip.Ref); err != nil {
			return nil, err
		}
	}
	return props, nil
}

func (p *parser) wrapper(in *input) (any, error) {
	w := &php.ValueWrapper{}
	p.note(in.ID, w)
	var err error
	if w.Value, err = p.value(in.Value); err != nil {
		return nil, err
	}
	meta, err := p.value(in.Metadata)
	if err != nil {
		return nil, err
	}
	a, ok := meta.(*php.Array)
	if !ok {
		return nil, errors.New("metadata is an array")
	}
	for _, e := range a.Elements {
		switch v := php.Deref(e.Value).(type) {
		case int64:
			switch e.Key.Str {
			case "expiry":
				w.Expiry = v
			case "ctime":
				w.CTime = v
			}
		case *php.Array:
			if e.Key.Str == "tags" {
				w.Tags = v
			}
		}
	}
	return w, nil
}
