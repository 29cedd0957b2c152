package php

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// field is one exported field of a struct, or of a struct embedded in it.
type field struct {
	name      string
	index     []int
	omitEmpty bool
	tagged    bool
	ambiguous bool
}

type fields struct {
	list   []field
	byName map[string]int
	// hidden: there are fields, but none is exported, so that an array of them would
	// lose the value.
	hidden bool
}

// find returns the field of this name, in exact or else in any case, as
// encoding/json does.
func (f *fields) find(name string) *field {
	if i, ok := f.byName[name]; ok {
		return &f.list[i]
	}
	for i := range f.list {
		if strings.EqualFold(f.list[i].name, name) {
			return &f.list[i]
		}
	}
	return nil
}

// structs keeps what was found out about struct types; there are as many as a
// program has.
var structs sync.Map // reflect.Type → *fields

func fieldsOf(t reflect.Type) *fields {
	if f, ok := structs.Load(t); ok {
		return f.(*fields)
	}
	f := &fields{byName: map[string]int{}}
	f.collect(t, nil, map[reflect.Type]bool{})
	f.settle()
	f.hidden = t.NumField() > 0 && !slices.ContainsFunc(reflect.VisibleFields(t), func(sf reflect.StructField) bool { return sf.IsExported() })
	got, _ := structs.LoadOrStore(t, f)
	return got.(*fields)
}

func (f *fields) collect(t reflect.Type, index []int, above map[reflect.Type]bool) {
	if above[t] {
		return
	}
	above[t] = true
	defer delete(above, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("php")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		at := append(slices.Clone(index), i)
		if sf.Anonymous && name == "" {
			inner := sf.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && !isValueType(inner) && (sf.IsExported() || sf.Type.Kind() != reflect.Pointer) {
				f.collect(inner, at, above)
				continue
			}
		}
		if !sf.IsExported() {
			continue
		}
		f.add(field{
			name: cmp.Or(name, sf.Name), index: at, tagged: name != "",
			omitEmpty: slices.Contains(strings.Split(options, ","), "omitempty"),
		})
	}
}

// add takes the field unless one of its name lies less deep. Of two at the
// same depth one with a tag wins, else neither counts, as in encoding/json.
func (f *fields) add(n field) {
	i, ok := f.byName[n.name]
	if !ok {
		f.byName[n.name] = len(f.list)
		f.list = append(f.list, n)
		return
	}
	old := &f.list[i]
	switch {
	case len(n.index) < len(old.index) || len(n.index) == len(old.index) && n.tagged && !old.tagged:
		*old = n
	case len(n.index) == len(old.index) && n.tagged == old.tagged:
		old.ambiguous = true
	}
}

// settle leaves out what is ambiguous and puts the rest in the order of the
// source.
func (f *fields) settle() {
	f.list = slices.DeleteFunc(f.list, func(d field) bool { return d.ambiguous })
	slices.SortFunc(f.list, func(a, b field) int { return slices.Compare(a.index, b.index) })
	clear(f.byName)
	for i := range f.list {
		f.byName[f.list[i].name] = i
	}
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}

// path leads from the root to a value, for errors.
type path []Key

func (p *path) push(k Key) { *p = append(*p, k) }
func (p *path) pop()       { *p = (*p)[:len(*p)-1] }

// String is like [name][3]; a long one is cut in the middle.
func (p path) String() string {
	var b strings.Builder
	for i, k := range p {
		if len(p) > 8 && i == 4 {
			b.WriteString("…")
		}
		if len(p) > 8 && i >= 4 && i < len(p)-4 {
			continue
		}
		b.WriteByte('[')
		if k.IsInt {
			b.WriteString(strconv.FormatInt(k.Int, 10))
		} else {
			b.WriteString(strconv.Quote(short(k.Str)))
		}
		b.WriteByte(']')
	}
	return b.String()
}

func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
