// Package php reads and writes PHP's values as plain data: serialize() in both
// directions, igbinary (versions 1 and 2) in, dates with their zones, the cache
// metadata of Symfony, and PHP files that return an array.
//
//	stored, err := php.Marshal(map[string]any{"limit": 5})
//	var settings struct {
//		Limit int `php:"limit"`
//	}
//	err = php.Unmarshal(stored, &settings)
//
// It executes no PHP and does not know the classes of a PHP node: an object of any
// class is read and written as data, while PHP refuses one whose class it does not
// have.
//
// [Unmarshal] and [Marshal] treat Go values as encoding/json does. [Decode]
// gives the tree of a value, for what has no Go type:
//
//	nil        null
//	bool       bool
//	int64      int
//	float64    float
//	string     string (bytes; PHP knows no encoding)
//	*Array     array
//	*DateTime  object of DateTime, DateTimeImmutable or a subclass
//	*Enum      case of an enum
//	*Object    any other object
//	*Ref       a PHP reference, only as the value of an Element or a Prop
//
//	*ValueWrapper  a value with Symfony's cache metadata
//
// One Go pointer in two places is one PHP object (or one reference) in two
// places. PHP copies an array that stands in two places once one of them is
// written to; here they share it, so treat what was decoded as read only.
//
// All input may be hostile: nesting is limited, and what is allocated is
// bounded by the bytes that are there, not by the lengths that they claim. The
// package keeps no state but a bounded list of time zones, and is safe for
// concurrent use.
package php
