package main

import (
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/cache/php"
)

// PHP fails to read an object of a class that it does not have. So this tool knows the
// classes of mosparo's PHP nodes, and for a few of them how they serialize themselves.

// namespaces are the namespaces of the code on every mosparo node.
var namespaces = []string{`Mosparo\`, `Symfony\`, `Doctrine\`, `Psr\`}

// storage converts the properties of a class with its own __serialize between the form
// that is stored and the form that is shown.
type storage struct {
	shown func(stored []php.Prop) []php.Prop
	// stored is nil if the shown form lacks a part of the stored one.
	stored func(shown []php.Prop) []php.Prop
}

// classes are the known classes by name, with nil for a class without __serialize. The
// last group is from the recorded cases of real PHP in the tests.
var classes = map[string]*storage{
	"stdclass": nil, "datetime": nil, "datetimeimmutable": nil, "datetimezone": nil, "dateinterval": nil, "dateperiod": nil,
	"arrayobject":      {shown: elementsOf(1), stored: asArrayObject},
	"arrayiterator":    {shown: elementsOf(1), stored: asArrayObject},
	"splobjectstorage": {shown: elementsOf(1)}, // not its objects

	"vecprops": nil, "vecdate": nil, "vecsuit": nil,
	"vecserialize": {
		shown: func(stored []php.Prop) []php.Prop {
			for _, p := range stored {
				if p.Key.Str == "x" {
					p.Key.Str = "data"
					return []php.Prop{p}
				}
			}
			return nil
		},
		stored: func(shown []php.Prop) []php.Prop {
			out := []php.Prop{{Key: php.Key{Str: "x"}}, {Key: php.IntKey(7), Value: "seven"}}
			if len(shown) > 0 {
				out[0].Value = shown[0].Value
			}
			return out
		},
	},
}

// elementsOf shows the elements of the array with the key n as properties.
func elementsOf(n int64) func([]php.Prop) []php.Prop {
	return func(stored []php.Prop) []php.Prop {
		var out []php.Prop
		for _, p := range stored {
			a, ok := php.Deref(p.Value).(*php.Array)
			if p.Key != php.IntKey(n) || !ok {
				continue
			}
			for _, e := range a.Elements {
				out = append(out, php.Prop{Key: e.Key, Value: e.Value})
			}
		}
		return out
	}
}

func listProps(values ...any) []php.Prop {
	out := make([]php.Prop, len(values))
	for i, v := range values {
		out[i] = php.Prop{Key: php.IntKey(int64(i)), Value: v}
	}
	return out
}

func arrayOf(props []php.Prop) *php.Array {
	a := &php.Array{}
	for _, p := range props {
		k := p.Key
		if !k.IsInt {
			k = php.StringKey(k.Str)
		}
		a.Elements = append(a.Elements, php.Element{Key: k, Value: p.Value})
	}
	return a
}

// asArrayObject returns flags, elements, own properties and class of the iterator.
func asArrayObject(shown []php.Prop) []php.Prop {
	return listProps(int64(0), arrayOf(shown), &php.Array{}, nil)
}

// lookupClass reports whether a class is known, and returns its storage.
func lookupClass(class string) (*storage, bool) {
	for _, ns := range namespaces {
		if strings.HasPrefix(strings.ToLower(class), strings.ToLower(ns)) {
			return nil, true
		}
	}
	s, ok := classes[strings.ToLower(class)]
	return s, ok
}

// restore converts objects to the form that PHP shows after reading. It fails for unknown
// classes.
func restore(v any) error {
	return eachObject(v, map[any]bool{}, func(class string, o *php.Object) error {
		s, ok := lookupClass(class)
		if !ok {
			return fmt.Errorf("class %q is not a class of PHP nodes (--any-class shows it)", class)
		}
		if s != nil && o != nil {
			o.Props = s.shown(o.Props)
		}
		return nil
	})
}

// store is the reverse of restore.
func store(v any) error {
	return eachObject(v, map[any]bool{}, func(class string, o *php.Object) error {
		s, _ := lookupClass(class)
		switch {
		case s == nil || o == nil:
		case s.stored == nil:
			return fmt.Errorf("class %q: typed JSON does not contain all that the class stores", class)
		default:
			o.Props = s.stored(o.Props)
		}
		return nil
	})
}

// eachObject calls do once for every object, inner ones first.
func eachObject(v any, done map[any]bool, do func(class string, o *php.Object) error) error {
	v = php.Deref(v)
	switch v.(type) {
	case *php.Array, *php.Object, *php.DateTime, *php.ValueWrapper:
		if done[v] {
			return nil
		}
		done[v] = true
	}
	props := func(ps []php.Prop) error {
		for _, p := range ps {
			if err := eachObject(p.Value, done, do); err != nil {
				return err
			}
		}
		return nil
	}
	switch v := v.(type) {
	case *php.Array:
		for _, e := range v.Elements {
			if err := eachObject(e.Value, done, do); err != nil {
				return err
			}
		}
	case *php.ValueWrapper:
		return eachObject(v.Value, done, do)
	case *php.Enum:
		return do(v.Class, nil)
	case *php.DateTime:
		if err := props(v.Props); err != nil {
			return err
		}
		return do(v.Class, nil)
	case *php.Object:
		if err := props(v.Props); err != nil {
			return err
		}
		return do(v.Class, v)
	}
	return nil
}
