package php

import "iter"

// parts yields what a value directly consists of: the values of entries and
// properties, the value behind a reference or inside an item.
func parts(v any) iter.Seq[any] {
	return func(yield func(any) bool) {
		switch v := v.(type) {
		case *Ref:
			yield(v.Value)
		case *Array:
			yieldEntries(v, yield)
		case *Object:
			yieldProps(v.Props, yield)
		case *DateTime:
			yieldProps(v.Props, yield)
		case *Item:
			if yield(v.Value) && v.Tags != nil {
				yieldEntries(v.Tags, yield)
			}
		}
	}
}

func yieldEntries(a *Array, yield func(any) bool) {
	for i := range a.Entries {
		if !yield(a.Entries[i].Value) {
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
