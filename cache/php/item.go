package php

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Symfony (ValueWrapper, since 6.1) stores a value with metadata as an object
// of a class whose name is one byte; its first property has a packed name of
// six bytes, and the tags follow as further properties.
const (
	itemClass = "\xa9"
	// itemExpiryOffset is added to the packed expiry.
	itemExpiryOffset = 1648206727
	// legacyExpiryOffset is the one of the array form of before.
	legacyExpiryOffset = 1527506807
	int32Max           = 1<<31 - 1
)

// unwrap returns the value inside Symfony's cache metadata, and any other value
// as it is.
func unwrap(v any) any {
	if it, ok := AsItem(v); ok {
		return it.Value
	}
	return v
}

// AsItem returns Symfony's cache metadata with its value, if v has them in one of
// the two forms: the object, and the array that Symfony wrote before 6.1, which
// has exactly one entry with a certain binary key.
func AsItem(v any) (*Item, bool) {
	switch v := v.(type) {
	case *Item:
		return v, true
	case *Array:
		if len(v.Entries) != 1 {
			return nil, false
		}
		k := v.Entries[0].Key.Str
		if len(k) != 10 || k[0] != 0x9d || k[5] != 0 || k[9] != 0x5f {
			return nil, false
		}
		return &Item{
			Value:  Deref(v.Entries[0].Value),
			Expiry: int64(binary.LittleEndian.Uint32([]byte(k[1:5]))) + legacyExpiryOffset,
			CTime:  int64(binary.BigEndian.Uint32([]byte(k[5:9]))),
		}, true
	}
	return nil, false
}

// Metadata is the array that Symfony's CacheItem::getMetadata gives: expiry,
// ctime if it was measured, tags if there are some.
func (it *Item) Metadata() *Array {
	a := &Array{Entries: []Entry{{Key: Key{Str: "expiry"}, Value: it.Expiry}}}
	if it.CTime != 0 {
		a.Entries = append(a.Entries, Entry{Key: Key{Str: "ctime"}, Value: it.CTime})
	}
	if it.Tags != nil {
		a.Entries = append(a.Entries, Entry{Key: Key{Str: "tags"}, Value: it.Tags})
	}
	return a
}

func itemOf(o *Object) (*Item, error) {
	if len(o.Props) == 0 || len(o.Props[0].Key.Str) != 6 || o.Props[0].Scope != "" {
		return nil, errors.New("damaged cache item")
	}
	pack := []byte(o.Props[0].Key.Str)
	it := &Item{Value: Deref(o.Props[0].Value)}
	if pack[4]&0x80 != 0 {
		pack[4] &= 0x7f
		it.Tags = &Array{}
		for _, p := range o.Props[1:] {
			it.Tags.Entries = append(it.Tags.Entries, Entry{Key: p.Key, Value: p.Value})
		}
	}
	it.Expiry = int64(binary.LittleEndian.Uint32(pack)) + itemExpiryOffset
	c := uint32(binary.BigEndian.Uint16(pack[4:]))
	it.CTime = int64((0x4000|c)<<16>>(0x1f&c)) - 1
	return it, nil
}

// object is the reverse of itemOf.
func (it *Item) object() *Object {
	// 31 bits of time in 14: a mantissa of 10 bits and how far it was shifted.
	c := uint32(1)
	switch {
	case it.CTime > int32Max-2:
		c = int32Max
	case it.CTime > 0:
		c = uint32(it.CTime) + 1
	}
	shift := uint32(bits.LeadingZeros32(c) - 1)
	c = 0x7fe0&(c<<shift>>16) | shift
	expiry := it.Expiry
	if expiry == 0 {
		expiry = int32Max + itemExpiryOffset
	}
	pack := binary.LittleEndian.AppendUint32(nil, uint32(expiry-itemExpiryOffset))
	pack = binary.BigEndian.AppendUint16(pack, uint16(c))
	o := &Object{Class: itemClass}
	if it.Tags != nil {
		pack[4] |= 0x80
	}
	o.Props = append(o.Props, Prop{Key: Key{Str: string(pack)}, Value: it.Value})
	if it.Tags != nil {
		for _, e := range it.Tags.Entries {
			o.Props = append(o.Props, Prop{Key: e.Key, Value: e.Value})
		}
	}
	return o
}
