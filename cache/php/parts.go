package php

import "iter"

// parts yields what a value directly consists of: the values of elements and
// properties, the value behind a reference or in a wrapper.
func parts(v any) iter.Seq[any] {
	return func(yield func(any) bool) {
		switch v := v.(type) {
		case *Ref:
			yield(v.Value)
		case *Array:
			yieldElements(v, yield)
		case *Object:
			yieldProps(v.Props, yield)
		case *DateTime:
			yieldProps(v.Props, yield)
		case *ValueWrapper:
			if yield(v.Value) && v.Tags != nil {
				yieldElements(v.Tags, yield)
			}
		}
	}
}

func yieldElements(a *Array, yield func(any) bool) {
	for i := range a.Elements {
		if !yield(a.Elements[i].Value) {
			return
		}
	}
}

func yieldProps(props []Prop, yield func(any) bool) {
	for i := range props {
		if !yield(props[i].Value) {
			return
		}
	}
}
