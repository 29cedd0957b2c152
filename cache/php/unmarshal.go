package php

import (
	"math"
	"reflect"
	"strconv"
	"time"
)

// Unmarshaler is a Go type that reads its own PHP value: one of [Decode]'s,
// without Symfony's metadata. It is not asked about a value that contains
// itself, or that names the same parts so often that following all of them
// would take much longer than reading the stored bytes.
type Unmarshaler interface {
	UnmarshalPHP(value any) error
}

// Unmarshal reads a value as [Decode] does and puts it into *v, which is
// treated as encoding/json treats it: structs are filled by the names or tags
// (`php:"name"`) of their fields from arrays and objects, names without a field
// are ignored, maps are made or added to, slices are made, an array with int keys only fits a
// slice in its own order, numbers must fit, null makes pointers, maps, slices and
// interfaces nil and leaves everything else as it is. An `any` gets the value of
// [Decode]; a time.Time the moment of a DateTime, in its zone. Symfony's
// metadata is taken off, unless v points to a [ValueWrapper].
//
// Errors: [*SyntaxError], [*TypeError] (also where v is no non-nil pointer), and
// those of an [Unmarshaler]. After an error *v may be filled in part.
func Unmarshal(data []byte, v any) error {
	if unmarshalFast(data, v) {
		return nil
	}
	rv, err := targetOf(v)
	if err != nil {
		return err
	}
	tree, err := Decode(data)
	if err != nil {
		return err
	}
	f := &filler{budget: budgetOf(len(data))}
	return f.root(rv, tree)
}

// targetOf returns what v points to.
func targetOf(v any) (reflect.Value, error) {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return reflect.Value{}, &TypeError{Type: reflect.TypeOf(v)}
	}
	return rv.Elem(), nil
}

// Assign stores a value of [Decode] in *dst, by the rules of [Unmarshal]. A
// value that contains itself, or names the same parts very often, is a
// [*SyntaxError] where dst would take all of it.
func Assign[T any](dst *T, value any) error { return assign(dst, value) }

func assign(dst, value any) error {
	rv, err := targetOf(dst)
	if err != nil {
		return err
	}
	f := &filler{budget: budgetOf(weigh(value))}
	return f.root(rv, value)
}

// filler copies a tree into Go values.
type filler struct {
	path  path
	depth int
	// budget is what may still be copied, see [budgetOf].
	budget int
}

// root fills the target with the value inside Symfony's wrapper, unless the
// target is one.
func (f *filler) root(dst reflect.Value, v any) error {
	if t := dst.Type(); t == wrapperType || t == reflect.PointerTo(wrapperType) {
		if w, ok := wrapperIn(v); ok {
			v = w
		}
	} else {
		v = unwrap(v)
	}
	return f.fill(dst, v)
}

var (
	arrayType   = reflect.TypeFor[Array]()
	objectType  = reflect.TypeFor[Object]()
	dateType    = reflect.TypeFor[DateTime]()
	enumType    = reflect.TypeFor[Enum]()
	wrapperType = reflect.TypeFor[ValueWrapper]()
	timeType    = reflect.TypeFor[time.Time]()
)

// isValueType reports whether a struct stands for a PHP value of one kind, and
// is not filled by the names of its fields.
func isValueType(t reflect.Type) bool {
	switch t {
	case arrayType, objectType, dateType, enumType, wrapperType, timeType:
		return true
	}
	return false
}

func (f *filler) wrong(v any, t reflect.Type) error {
	return &TypeError{Path: f.path.String(), Value: describe(v), Type: t}
}

// describe names a value without its content, which may be a secret.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case int64:
		return "int " + strconv.FormatInt(v, 10)
	case float64:
		return "float"
	case string:
		return "string"
	case *Array:
		return "array"
	case *DateTime:
		return "date"
	case *Enum:
		return "enum"
	case *Object:
		return "object of " + strconv.Quote(short(v.Class))
	default:
		return "value"
	}
}

// fill puts v into dst.
func (f *filler) fill(dst reflect.Value, v any) error {
	v = Deref(v)
	if err := f.spend(1); err != nil {
		return err
	}
	if dst.CanAddr() {
		if u, ok := dst.Addr().Interface().(Unmarshaler); ok {
			// It may call Assign for every part, with a budget of its own.
			if err := f.unfold(v, f.depth); err != nil {
				return err
			}
			return u.UnmarshalPHP(v)
		}
	}
	switch {
	case v == nil:
		f.null(dst)
		return nil
	case dst.Kind() == reflect.Pointer:
		return f.pointer(dst, v)
	case dst.Kind() == reflect.Interface:
		if dst.NumMethod() != 0 {
			return f.wrong(v, dst.Type())
		}
		dst.Set(reflect.ValueOf(v))
		return nil
	}
	switch v := v.(type) {
	case bool:
		if dst.Kind() == reflect.Bool {
			dst.SetBool(v)
			return nil
		}
	case int64:
		if setInt(dst, v) {
			return nil
		}
	case float64:
		if dst.CanFloat() && !dst.OverflowFloat(v) || dst.CanFloat() && math.IsInf(v, 0) {
			dst.SetFloat(v)
			return nil
		}
	case string:
		return f.str(dst, v)
	case *DateTime:
		if dst.Type() == timeType {
			dst.Set(reflect.ValueOf(v.Time))
			return nil
		}
	case *Array:
		return f.array(dst, v)
	case *Object:
		return f.object(dst, v)
	}
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && rv.Type().Elem() == dst.Type() {
		dst.Set(rv.Elem()) // the target is one of this package's own types
		return nil
	}
	return f.wrong(v, dst.Type())
}

func (f *filler) null(dst reflect.Value) {
	switch dst.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		dst.SetZero()
	}
}

func (f *filler) pointer(dst reflect.Value, v any) error {
	if rv := reflect.ValueOf(v); rv.Type() == dst.Type() {
		dst.Set(rv) // the target points to one of this package's own types
		return nil
	}
	if f.depth++; f.depth > maxDepth {
		return errDepth
	}
	defer func() { f.depth-- }()
	if dst.IsNil() {
		dst.Set(reflect.New(dst.Type().Elem()))
	}
	return f.fill(dst.Elem(), v)
}

func setInt(dst reflect.Value, n int64) bool {
	switch {
	case dst.CanInt() && !dst.OverflowInt(n):
		dst.SetInt(n)
	case dst.CanUint() && n >= 0 && !dst.OverflowUint(uint64(n)):
		dst.SetUint(uint64(n))
	case dst.CanFloat():
		dst.SetFloat(float64(n))
	default:
		return false
	}
	return true
}

func (f *filler) str(dst reflect.Value, s string) error {
	switch {
	case dst.Kind() == reflect.String:
		dst.SetString(s)
	case dst.Kind() == reflect.Slice && dst.Type().Elem().Kind() == reflect.Uint8:
		if err := f.spend(len(s)); err != nil {
			return err
		}
		dst.SetBytes([]byte(s))
	default:
		return f.wrong(s, dst.Type())
	}
	return nil
}

func (f *filler) array(dst reflect.Value, a *Array) error {
	switch dst.Kind() {
	case reflect.Slice:
		return f.slice(dst, a)
	case reflect.Array:
		return f.goArray(dst, a)
	case reflect.Map, reflect.Struct:
		if dst.Type() == arrayType {
			dst.Set(reflect.ValueOf(*a))
			return nil
		}
		return f.fillNamed(dst, a, len(a.Elements), func(i int) (Key, any) { return a.Elements[i].Key, a.Elements[i].Value })
	}
	return f.wrong(a, dst.Type())
}

func (f *filler) object(dst reflect.Value, o *Object) error {
	if dst.Type() == objectType {
		dst.Set(reflect.ValueOf(*o))
		return nil
	}
	if k := dst.Kind(); k == reflect.Struct || k == reflect.Map {
		return f.fillNamed(dst, o, len(o.Props), func(i int) (Key, any) { return o.Props[i].Key, o.Props[i].Value })
	}
	return f.wrong(o, dst.Type())
}

func (f *filler) slice(dst reflect.Value, a *Array) error {
	elem := int(dst.Type().Elem().Size())
	if err := f.spend(len(a.Elements) * (1 + elem/16)); err != nil {
		return err
	}
	s := reflect.MakeSlice(dst.Type(), len(a.Elements), len(a.Elements))
	for i, e := range a.Elements {
		if !e.Key.IsInt {
			return f.wrong(a, dst.Type())
		}
		if err := f.child(e.Key, s.Index(i), e.Value); err != nil {
			return err
		}
	}
	dst.Set(s)
	return nil
}

func (f *filler) goArray(dst reflect.Value, a *Array) error {
	if !a.IsList() {
		return f.wrong(a, dst.Type())
	}
	dst.SetZero()
	for i, e := range a.Elements {
		if i == dst.Len() {
			break
		}
		if err := f.child(e.Key, dst.Index(i), e.Value); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) child(k Key, dst reflect.Value, v any) error {
	if f.depth++; f.depth > maxDepth {
		return errDepth
	}
	f.path.push(k)
	err := f.fill(dst, v)
	f.path.pop()
	f.depth--
	return err
}

// fillNamed fills a struct or map from n elements.
func (f *filler) fillNamed(dst reflect.Value, from any, n int, element func(int) (Key, any)) error {
	if dst.Kind() == reflect.Struct {
		if isValueType(dst.Type()) {
			return f.wrong(from, dst.Type())
		}
		fs := fieldsOf(dst.Type())
		for i := range n {
			k, v := element(i)
			name := k.Str
			if k.IsInt {
				name = strconv.FormatInt(k.Int, 10)
			}
			fd := fs.find(name)
			if fd == nil {
				continue
			}
			if err := f.child(k, fieldAt(dst, fd.index), v); err != nil {
				return err
			}
		}
		return nil
	}
	m := dst
	if m.IsNil() {
		m = reflect.MakeMap(dst.Type())
	}
	for i := range n {
		k, v := element(i)
		key := reflect.New(dst.Type().Key()).Elem()
		if !setKey(key, k) {
			return f.wrong(from, dst.Type())
		}
		value := reflect.New(dst.Type().Elem()).Elem()
		if err := f.child(k, value, v); err != nil {
			return err
		}
		m.SetMapIndex(key, value)
	}
	dst.Set(m)
	return nil
}

// setKey: int keys fit string maps as their decimal text, since PHP made ints
// of them.
func setKey(dst reflect.Value, k Key) bool {
	switch {
	case dst.Kind() == reflect.String && k.IsInt:
		dst.SetString(strconv.FormatInt(k.Int, 10))
	case dst.Kind() == reflect.String:
		dst.SetString(k.Str)
	case k.IsInt && !dst.CanFloat():
		return setInt(dst, k.Int)
	default:
		return false
	}
	return true
}

// fieldAt is the field, through embedded pointers that it makes.
func fieldAt(v reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}
