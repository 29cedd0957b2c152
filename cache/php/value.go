package php

import "time"

// Array is PHP's ordered array. [Marshal] takes Go's slices and maps as well.
type Array struct {
	Elements []Element
}

// Element is one element of an array.
type Element struct {
	Key   Key
	Value any
}

// Key is the key of an array: an int or a string.
type Key struct {
	// Str is the key, if it is a string.
	Str string
	// Int is the key, if IsInt.
	Int   int64
	IsInt bool
}

// StringKey returns the key as PHP keeps it: a canonical decimal number
// becomes an int.
func StringKey(s string) Key {
	if n, ok := canonicalInt(s); ok {
		return IntKey(n)
	}
	return Key{Str: s}
}

// IntKey returns an int key.
func IntKey(n int64) Key { return Key{Int: n, IsInt: true} }

// IsList reports whether the keys are 0, 1, 2, … in this order.
func (a *Array) IsList() bool {
	for i, e := range a.Elements {
		if !e.Key.IsInt || e.Key.Int != int64(i) {
			return false
		}
	}
	return true
}

// Get returns the value under a key, with references followed. It takes time in
// proportion to the number of elements.
func (a *Array) Get(k Key) (any, bool) {
	for i := range a.Elements {
		if a.Elements[i].Key == k {
			return Deref(a.Elements[i].Value), true
		}
	}
	return nil, false
}

// Ref is a PHP reference: every place that holds the same *Ref is the same
// variable.
type Ref struct {
	Value any
}

// Deref returns the value behind a reference, and any other value as it is.
func Deref(v any) any {
	if r, ok := v.(*Ref); ok {
		return r.Value
	}
	return v
}

// Object is an object as data. No code of its class is run.
type Object struct {
	Class string
	Props []Prop
}

// Prop is a property, or an element that the class's own __serialize wrote.
type Prop struct {
	Key Key
	// Scope is PHP's own mark of the visibility: empty for a public property,
	// "*" for a protected one, and the declaring class for a private one.
	Scope string
	Value any
}

// Enum is a case of an enum.
type Enum struct {
	Class, Case string
}

// DateTime is an object of PHP's DateTime, DateTimeImmutable or a subclass.
type DateTime struct {
	// Class is "DateTime" if empty.
	Class string
	// Time is the moment, in a location that has the offset PHP shows.
	Time time.Time
	// ZoneType is how PHP wrote the zone: 1 offset, 2 abbreviation, 3
	// identifier.
	ZoneType int
	// Zone is the zone as PHP writes it after reading.
	Zone string
	// Props are further properties of a subclass.
	Props []Prop
}

// ValueWrapper is a value together with its cache metadata, as Symfony stores it
// in an object of the class of this name if the value has tags or a measured
// computing time. [Unmarshal] into a *ValueWrapper takes the array in which Symfony
// before 6.1 stored them as well; a value without metadata is a [*TypeError].
type ValueWrapper struct {
	Value any
	// Expiry is when the value expires, in Unix seconds.
	Expiry int64
	// CTime is how long computing the value took, in milliseconds, rounded by
	// Symfony's packing; 0 = not known.
	CTime int64
	// Tags are the tags with their versions, nil if none were stored.
	Tags *Array
}
