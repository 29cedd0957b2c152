package php

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Symfony's ValueWrapper stores a value with metadata as an object
// of a class whose name is one byte; its first property has a packed name of
// six bytes, and the tags follow as further properties.
const (
	wrapperClass = "\xa9"
	// expiryOffset is added to the packed expiry.
	expiryOffset = 1648206727
	// legacyExpiryOffset is the one of the array form of before.
	legacyExpiryOffset = 1527506807
	int32Max           = 1<<31 - 1
)

// unwrap returns the value inside Symfony's cache metadata, and any other value
// as it is.
func unwrap(v any) any {
	if w, ok := wrapperIn(v); ok {
		return w.Value
	}
	return v
}

// wrapperIn returns the wrapper that v is, in one of the two forms: the object,
// and the array that Symfony wrote before 6.1, which has exactly one element with
// a certain binary key.
func wrapperIn(v any) (*ValueWrapper, bool) {
	switch v := v.(type) {
	case *ValueWrapper:
		return v, true
	case *Array:
		if len(v.Elements) != 1 {
			return nil, false
		}
		k := v.Elements[0].Key.Str
		if len(k) != 10 || k[0] != 0x9d || k[5] != 0 || k[9] != 0x5f {
			return nil, false
		}
		return &ValueWrapper{
			Value:  Deref(v.Elements[0].Value),
			Expiry: int64(binary.LittleEndian.Uint32([]byte(k[1:5]))) + legacyExpiryOffset,
			CTime:  int64(binary.BigEndian.Uint32([]byte(k[5:9]))),
		}, true
	}
	return nil, false
}

// Metadata returns the array that Symfony's CacheItem::getMetadata gives: expiry,
// ctime if it was measured, tags if there are some.
func (w *ValueWrapper) Metadata() *Array {
	a := &Array{Elements: []Element{{Key: Key{Str: "expiry"}, Value: w.Expiry}}}
	if w.CTime != 0 {
		a.Elements = append(a.Elements, Element{Key: Key{Str: "ctime"}, Value: w.CTime})
	}
	if w.Tags != nil {
		a.Elements = append(a.Elements, Element{Key: Key{Str: "tags"}, Value: w.Tags})
	}
	return a
}

func wrapperOf(o *Object) (*ValueWrapper, error) {
	if len(o.Props) == 0 || len(o.Props[0].Key.Str) != 6 || o.Props[0].Scope != "" {
		return nil, errors.New("damaged cache item")
	}
	pack := []byte(o.Props[0].Key.Str)
	w := &ValueWrapper{Value: Deref(o.Props[0].Value)}
	if pack[4]&0x80 != 0 {
		pack[4] &= 0x7f
		w.Tags = &Array{}
		for _, p := range o.Props[1:] {
			w.Tags.Elements = append(w.Tags.Elements, Element{Key: p.Key, Value: p.Value})
		}
	}
	w.Expiry = int64(binary.LittleEndian.Uint32(pack)) + expiryOffset
	c := uint32(binary.BigEndian.Uint16(pack[4:]))
	w.CTime = int64((0x4000|c)<<16>>(0x1f&c)) - 1
	return w, nil
}

// object is the reverse of wrapperOf.
func (w *ValueWrapper) object() *Object {
	// 31 bits of time in 14: a mantissa of 10 bits and how far it was shifted.
	c := uint32(1)
	switch {
	case w.CTime > int32Max-2:
		c = int32Max
	case w.CTime > 0:
		c = uint32(w.CTime) + 1
	}
	shift := uint32(bits.LeadingZeros32(c) - 1)
	c = 0x7fe0&(c<<shift>>16) | shift
	expiry := w.Expiry
	if expiry == 0 {
		expiry = int32Max + expiryOffset
	}
	pack := binary.LittleEndian.AppendUint32(nil, uint32(expiry-expiryOffset))
	pack = binary.BigEndian.AppendUint16(pack, uint16(c))
	o := &Object{Class: wrapperClass}
	if w.Tags != nil {
		pack[4] |= 0x80
	}
	o.Props = append(o.Props, Prop{Key: Key{Str: string(pack)}, Value: w.Value})
	if w.Tags != nil {
		for _, e := range w.Tags.Elements {
			o.Props = append(o.Props, Prop{Key: e.Key, Value: e.Value})
		}
	}
	return o
}
