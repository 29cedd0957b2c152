package phptext

import (
	"strconv"
	"strings"
)

// Limits of PHP's parse_str with its default settings.
const (
	maxQueryVars = 1000
	maxQueryNest = 64
)

// Array is a PHP array of texts and arrays, in order.
type Array struct {
	Keys []string
	At   map[string]Value
	next int64
}

// Value is a text, or an array when Arr is set.
type Value struct {
	Text string
	Arr  *Array
}

// Get returns the value at the key; a nil Array has none.
func (a *Array) Get(key string) (Value, bool) {
	if a == nil {
		return Value{}, false
	}
	v, ok := a.At[key]
	return v, ok
}

// Set stores a value at the key: in place, or at the end if the key is new.
func (a *Array) Set(key string, v Value) {
	if a.At == nil {
		a.At = map[string]Value{}
	}
	if _, ok := a.At[key]; !ok {
		a.Keys = append(a.Keys, key)
	}
	a.At[key] = v
	// A key that is an integer to PHP raises the next free index.
	if n, err := strconv.ParseInt(key, 10, 64); err == nil && strconv.FormatInt(n, 10) == key && n >= a.next {
		a.next = n + 1
	}
}

func (a *Array) push(v Value) { a.Set(strconv.FormatInt(a.next, 10), v) }

// ParseQuery is PHP's parse_str: name[key][key]=value.
func ParseQuery(query string) *Array {
	root := &Array{}
	count := 0
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		if count++; count > maxQueryVars {
			break
		}
		name, value, _ := strings.Cut(pair, "=")
		root.register(urldecode(name), urldecode(value))
	}
	return root
}

// register stores one variable under a name with brackets.
func (a *Array) register(name, value string) {
	name, _, _ = strings.Cut(name, "\x00")
	name = strings.TrimLeft(name, " ")
	base, path := name, ""
	if i := strings.IndexByte(name, '['); i >= 0 {
		base, path = name[:i], name[i:]
	}
	base = strings.NewReplacer(" ", "_", ".", "_").Replace(base)
	if base == "" {
		return
	}
	if path != "" && !strings.Contains(path, "]") {
		base += strings.NewReplacer("[", "_", " ", "_", ".", "_").Replace(path)
		path = ""
	}
	at, key, indexed := a, base, true
	for nest := 0; strings.HasPrefix(path, "["); nest++ {
		if nest >= maxQueryNest {
			return
		}
		index, rest, closed := strings.Cut(path[1:], "]")
		if !closed {
			break
		}
		at = at.child(key, indexed)
		key, path = index, rest
		indexed = strings.Trim(index, " \t\n\r\v\f") != "" || len(index) > 1
	}
	if indexed {
		at.Set(key, Value{Text: value})
	} else {
		at.push(Value{Text: value})
	}
}

// child returns the array under the key, making one if need be.
func (a *Array) child(key string, indexed bool) *Array {
	if indexed {
		if v, ok := a.At[key]; ok && v.Arr != nil {
			return v.Arr
		}
	}
	c := &Array{}
	if indexed {
		a.Set(key, Value{Arr: c})
	} else {
		a.push(Value{Arr: c})
	}
	return c
}
