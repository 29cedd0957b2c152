package envconfig

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of PHP's parse_str with its default settings.
const (
	maxQueryVars = 1000
	maxQueryNest = 64
)

// phpArray is a PHP array of texts and arrays, in order.
type phpArray struct {
	keys []string
	at   map[string]phpText
	next int64
}

// phpText is a text, or an array when arr is set.
type phpText struct {
	text string
	arr  *phpArray
}

func (a *phpArray) get(key string) (phpText, bool) {
	if a == nil {
		return phpText{}, false
	}
	v, ok := a.at[key]
	return v, ok
}

// printableKey is [printable] for the name of a parameter, unless it stands
// behind one for a password: then it may be the rest of it, behind an &.
func (a *phpArray) printableKey(name string) string {
	for _, k := range a.keys {
		if strings.EqualFold(k, name) {
			break
		}
		if slices.Contains([]string{"auth", "pass", "password", "ssl"}, strings.ToLower(k)) {
			return "(not shown)"
		}
	}
	return printable(name)
}

func (a *phpArray) set(key string, v phpText) {
	if a.at == nil {
		a.at = map[string]phpText{}
	}
	if _, ok := a.at[key]; !ok {
		a.keys = append(a.keys, key)
	}
	a.at[key] = v
	// A key that PHP takes for an integer moves the next free index.
	if n, err := strconv.ParseInt(key, 10, 64); err == nil && strconv.FormatInt(n, 10) == key && n >= a.next {
		a.next = n + 1
	}
}

func (a *phpArray) push(v phpText) { a.set(strconv.FormatInt(a.next, 10), v) }

// parseQuery is PHP's parse_str: name[key][key]=value.
func parseQuery(query string) *phpArray {
	root := &phpArray{}
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
func (a *phpArray) register(name, value string) {
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
		at.set(key, phpText{text: value})
	} else {
		at.push(phpText{text: value})
	}
}

// child returns the array under the key, making one if need be.
func (a *phpArray) child(key string, indexed bool) *phpArray {
	if indexed {
		if v, ok := a.at[key]; ok && v.arr != nil {
			return v.arr
		}
	}
	c := &phpArray{}
	if indexed {
		a.set(key, phpText{arr: c})
	} else {
		a.push(phpText{arr: c})
	}
	return c
}
