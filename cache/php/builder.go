package php

import "errors"

// keyIndex tells which keys of an array or object are there already: a
// repeated key replaces the earlier value in its place, as in PHP.
type keyIndex[K comparable] struct {
	// index finds keys from indexFrom of them on.
	index map[K]int
}

const indexFrom = 16

// find returns the place of a key among the n keys so far, or notes it as the
// next one.
func (x *keyIndex[K]) find(k K, n int, at func(int) K) (int, bool) {
	if n < indexFrom {
		for i := range n {
			if at(i) == k {
				return i, true
			}
		}
		return n, false
	}
	if x.index == nil {
		x.index = make(map[K]int, 2*n)
		for i := range n {
			x.index[at(i)] = i
		}
	}
	if i, ok := x.index[k]; ok {
		return i, true
	}
	x.index[k] = n
	return n, false
}

// arrayBuilder fills an array.
type arrayBuilder struct {
	array *Array
	// gaps: the keys are no longer 0, 1, 2, …, so that a key may repeat.
	gaps bool
	keys keyIndex[Key]
}

// newArrayBuilder makes room for n elements, no more of which may follow:
// pointers to them stay valid.
func newArrayBuilder(n int) arrayBuilder {
	return arrayBuilder{array: &Array{Elements: make([]Element, 0, n)}}
}

// place returns where the value of the key goes.
func (b *arrayBuilder) place(k Key) *any {
	a := b.array
	i := len(a.Elements)
	if b.gaps = b.gaps || k != IntKey(int64(i)); b.gaps {
		var found bool
		if i, found = b.keys.find(k, i, func(i int) Key { return a.Elements[i].Key }); found {
			return &a.Elements[i].Value
		}
	}
	a.Elements = append(a.Elements, Element{Key: k})
	return &a.Elements[i].Value
}

// propID is what makes a property the same property.
type propID struct {
	key   Key
	scope string
}

// objectBuilder fills an object.
type objectBuilder struct {
	object *Object
	props  keyIndex[propID]
}

// newObjectBuilder makes room for n properties, no more of which may follow.
func newObjectBuilder(class string, n int) objectBuilder {
	return objectBuilder{object: &Object{Class: class, Props: make([]Prop, 0, n)}}
}

// place returns where the value of the property goes.
func (b *objectBuilder) place(k Key) *any {
	o := b.object
	p := propOf(o.Class, k)
	id := func(p *Prop) propID { return propID{p.Key, p.Scope} }
	i, found := b.props.find(id(&p), len(o.Props), func(i int) propID { return id(&o.Props[i]) })
	if !found {
		o.Props = append(o.Props, p)
	}
	return &o.Props[i].Value
}

// refTo makes the value at a place a reference, unless it is one.
func refTo(at *any) *Ref {
	ref, ok := (*at).(*Ref)
	if !ok {
		ref = &Ref{Value: *at}
		*at = ref
	}
	return ref
}

// openObjects are the objects that are being read, the innermost last.
type openObjects []openObject

type openObject struct {
	object *Object
	// named: something inside refers to the object.
	named bool
}

func (s *openObjects) push(o *Object) { *s = append(*s, openObject{object: o}) }

// name notes that a value was referred to.
func (s openObjects) name(v any) {
	for i := range s {
		if any(s[i].object) == v {
			s[i].named = true
		}
	}
}

var errContainsItself = errors.New("a date or cache item that contains itself")

// finish makes a date or wrapper of the innermost object, which stands at
// the place, if it is one.
func (s *openObjects) finish(at *any, o *Object) error {
	named := (*s)[len(*s)-1].named
	*s = (*s)[:len(*s)-1]
	v, err := special(o)
	switch {
	case err != nil:
		return err
	case v == any(o):
		return nil
	case named:
		// What was handed out inside is the plain object.
		return errContainsItself
	}
	// A reference to the object may stand here by now.
	if ref, ok := (*at).(*Ref); ok {
		ref.Value = v
	} else {
		*at = v
	}
	return nil
}
