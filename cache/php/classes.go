package php

import "iter"

// Classes yields the names of the classes of all objects and enum cases in a
// value of [Decode], each object once, in the order in which they are stored.
//
// PHP refuses a value with an object whose class it does not have, while
// [Decode] knows no classes and shows every object as data. A caller who must
// know whether PHP nodes can read a value compares these names with theirs.
func Classes(v any) iter.Seq[string] {
	return func(yield func(string) bool) {
		(&walker{visited: map[any]bool{}, yield: yield}).value(v)
	}
}

// walker goes through a tree that may have cycles. value returns false when the
// caller has had enough.
type walker struct {
	visited map[any]bool
	yield   func(class string) bool
}

func (w *walker) value(v any) bool {
	switch v.(type) {
	case *Ref, *Array, *Object, *DateTime, *Enum, *ValueWrapper:
		if w.visited[v] {
			return true
		}
		w.visited[v] = true
	}
	switch v := v.(type) {
	case *Object:
		if !w.yield(v.Class) {
			return false
		}
	case *DateTime:
		if !w.yield(v.Class) {
			return false
		}
	case *Enum:
		return w.yield(v.Class)
	}
	for part := range parts(v) {
		if !w.value(part) {
			return false
		}
	}
	return true
}
