package php

import "strings"

// propOf splits the name of a property as PHP mangles it: NUL * NUL name is
// protected, NUL class NUL name private. The names in Symfony's wrapper are
// binary and mean nothing of that kind.
func propOf(class string, k Key) Prop {
	if class == wrapperClass || k.IsInt || len(k.Str) < 3 || k.Str[0] != 0 {
		return Prop{Key: k}
	}
	scope, name, ok := strings.Cut(k.Str[1:], "\x00")
	if !ok || scope == "" {
		return Prop{Key: k}
	}
	return Prop{Key: Key{Str: name}, Scope: scope}
}

// mangle returns the name as PHP mangles it: the reverse of propOf.
func (p *Prop) mangle() Key {
	if p.Key.IsInt || p.Scope == "" {
		return p.Key
	}
	return Key{Str: "\x00" + p.Scope + "\x00" + p.Key.Str}
}

// isClassName reports whether PHP allows the name for a class.
func isClassName(name []byte) bool {
	if len(name) == 0 {
		return false
	}
	for _, c := range name {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '\\', c >= 0x7f:
		default:
			return false
		}
	}
	return true
}

func isObject(v any) bool {
	switch v.(type) {
	case *Object, *DateTime, *Enum, *ValueWrapper:
		return true
	}
	return false
}

// knownClasses are the names as PHP spells them; it takes any case.
var knownClasses = map[string]string{"datetime": "DateTime", "datetimeimmutable": "DateTimeImmutable", "stdclass": "stdClass"}

// isDateClass reports whether PHP refuses an object of this class that is no date.
func isDateClass(class string) bool {
	return strings.EqualFold(class, "DateTime") || strings.EqualFold(class, "DateTimeImmutable")
}

// special makes dates and Symfony's wrapper out of objects, and returns all
// others as they are.
func special(o *Object) (any, error) {
	if o.Class == wrapperClass {
		return wrapperOf(o)
	}
	known := knownClasses[strings.ToLower(o.Class)]
	if known != "" {
		o.Class = known
	}
	if known == "stdClass" {
		return o, nil // also with the properties of a date
	}
	d, err := dateTimeOf(o)
	switch {
	case d != nil:
		return d, nil
	case known == "":
		// A subclass cannot be told from another class that has the same three
		// properties, and only dates have them.
		return o, nil
	case err == nil:
		err = errDate
	}
	return nil, err
}
