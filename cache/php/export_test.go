package php

// UnmarshalFast is the fast path of [Unmarshal].
var UnmarshalFast = unmarshalFast

// AssignAny is [Assign] for a target whose type is not known.
var AssignAny = assign

// Classes returns the names of the classes of all objects in a value.
func Classes(v any) (names []string) {
	seen := map[any]bool{}
	var visit func(v any)
	visit = func(v any) {
		if _, isRef := v.(*Ref); isRef || isObject(v) {
			if seen[v] {
				return
			}
			seen[v] = true
		}
		switch v := v.(type) {
		case *Object:
			names = append(names, v.Class)
		case *DateTime:
			names = append(names, v.Class)
		case *Enum:
			names = append(names, v.Class)
		}
		for part := range parts(v) {
			visit(part)
		}
	}
	visit(v)
	return names
}

// List returns an array with the keys 0, 1, 2, ….
func List(values ...any) *Array {
	a := &Array{Elements: []Element{}}
	for i, v := range values {
		a.Elements = append(a.Elements, Element{Key: IntKey(int64(i)), Value: v})
	}
	return a
}
