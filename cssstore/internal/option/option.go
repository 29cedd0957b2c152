// Package option applies the options of a constructor.
package option

import "fmt"

// Apply applies the options to what a constructor makes, in their order. It panics
// for an option that is nil, with the name of the constructor.
func Apply[T any, O ~func(*T)](constructor string, to *T, opts []O) {
	for i, o := range opts {
		if o == nil {
			panic(fmt.Sprintf("%s: opts[%d] is nil", constructor, i))
		}
		o(to)
	}
}
