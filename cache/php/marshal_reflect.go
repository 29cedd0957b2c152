package php

import (
	"cmp"
	"math"
	"reflect"
	"slices"
)

// reflect writes a Go value that is none of PHP's.
func (w *writer) reflect(v reflect.Value) error {
	if !v.IsValid() {
		return w.value(nil)
	}
	if m, ok := marshalerOf(v); ok {
		if w.depth++; w.depth > maxDepth {
			return w.fail("nested deeper than %d", maxDepth)
		}
		defer func() { w.depth-- }()
		p, err := m.MarshalPHP()
		if err != nil {
			return w.fail("%v", err)
		}
		return w.any(p)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return w.value(nil)
		}
		if w.depth++; w.depth > maxDepth {
			return w.fail("nested deeper than %d", maxDepth)
		}
		defer func() { w.depth-- }()
		return w.any(v.Elem().Interface())
	case reflect.Bool:
		return w.value(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return w.value(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Uint() > math.MaxInt64 {
			return w.fail("%d is above PHP's largest int", v.Uint())
		}
		return w.value(int64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		return w.value(v.Float())
	case reflect.String:
		return w.value(v.String())
	case reflect.Slice, reflect.Array:
		return w.sequence(v)
	case reflect.Map:
		return w.goMap(v)
	case reflect.Struct:
		if isValueType(v.Type()) {
			p := reflect.New(v.Type())
			p.Elem().Set(v)
			return w.any(p.Interface())
		}
		return w.goStruct(v)
	}
	return w.fail("Go type %s has no PHP form", v.Type())
}

var marshalerType = reflect.TypeFor[Marshaler]()

// marshalerOf returns a value that is a Marshaler. The method may have a pointer receiver:
// encoding/json would not find it in a value that has no address, and would write the
// fields instead.
func marshalerOf(v reflect.Value) (Marshaler, bool) {
	if m, ok := v.Interface().(Marshaler); ok {
		return m, v.Kind() != reflect.Pointer || !v.IsNil()
	}
	if t := v.Type(); t.PkgPath() == "" || !reflect.PointerTo(t).Implements(marshalerType) {
		return nil, false
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	m, ok := p.Interface().(Marshaler)
	return m, ok
}

// goValue writes an element; the plain kinds without making an interface.
func (w *writer) goValue(v reflect.Value) error {
	switch k := v.Kind(); {
	case v.Type().PkgPath() != "": // may have methods
	case k == reflect.String:
		w.n++
		w.str(v.String())
		return nil
	case k >= reflect.Int && k <= reflect.Int64:
		w.n++
		w.int(v.Int())
		return nil
	}
	return w.any(v.Interface())
}

func (w *writer) sequence(v reflect.Value) error {
	if v.Kind() == reflect.Slice {
		if v.IsNil() {
			return w.value(nil)
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return w.value(v.Bytes())
		}
	}
	w.n++
	w.b = append(w.b, 'a')
	if err := w.open(v.Len()); err != nil {
		return err
	}
	for i := range v.Len() {
		w.path.push(IntKey(int64(i)))
		w.int(int64(i))
		if err := w.goValue(v.Index(i)); err != nil {
			return err
		}
		w.path.pop()
	}
	w.close()
	return nil
}

func (w *writer) goMap(v reflect.Value) error {
	if v.IsNil() {
		return w.value(nil)
	}
	type element struct {
		k Key
		v reflect.Value
	}
	elements := make([]element, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		var k Key
		switch kv := it.Key(); {
		case kv.Kind() == reflect.String:
			k = StringKey(kv.String())
		case kv.CanInt():
			k = IntKey(kv.Int())
		case kv.CanUint() && kv.Uint() <= math.MaxInt64:
			k = IntKey(int64(kv.Uint()))
		default:
			return w.fail("%s cannot be the key of an array", kv.Type())
		}
		elements = append(elements, element{k, it.Value()})
	}
	slices.SortFunc(elements, func(a, b element) int { return compareKeys(a.k, b.k) })
	w.n++
	w.b = append(w.b, 'a')
	if err := w.open(len(elements)); err != nil {
		return err
	}
	for _, e := range elements {
		w.path.push(e.k)
		w.key(e.k)
		if err := w.goValue(e.v); err != nil {
			return err
		}
		w.path.pop()
	}
	w.close()
	return nil
}

// compareKeys sorts ints before strings.
func compareKeys(a, b Key) int {
	switch {
	case a.IsInt && b.IsInt:
		return cmp.Compare(a.Int, b.Int)
	case a.IsInt:
		return -1
	case b.IsInt:
		return 1
	}
	return cmp.Compare(a.Str, b.Str)
}

func (w *writer) goStruct(v reflect.Value) error {
	fields := fieldsOf(v.Type())
	if fields.hidden {
		return w.fail("Go type %s has no exported fields, and no MarshalPHP", v.Type())
	}
	present := make([]*field, 0, len(fields.list))
	for i := range fields.list {
		f := &fields.list[i]
		fv, err := v.FieldByIndexErr(f.index)
		if err != nil || f.omitEmpty && isEmpty(fv) {
			continue
		}
		present = append(present, f)
	}
	w.n++
	w.b = append(w.b, 'a')
	if err := w.open(len(present)); err != nil {
		return err
	}
	for _, f := range present {
		k := StringKey(f.name)
		w.path.push(k)
		w.key(k)
		if err := w.goValue(v.FieldByIndex(f.index)); err != nil {
			return err
		}
		w.path.pop()
	}
	w.close()
	return nil
}
