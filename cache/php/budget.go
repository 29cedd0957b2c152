package php

// budgetOf is what reading a value of so many bytes into Go values may cost: a
// few bytes of hostile input can name one large value very often.
func budgetOf(size int) int { return 64*size + 1024 }

var errBudget = &SyntaxError{Msg: "value names the same parts too often"}

var errDepth = &SyntaxError{Msg: "nested too deep"}

func (f *filler) spend(n int) error {
	if f.budget -= n; f.budget < 0 {
		return errBudget
	}
	return nil
}

// unfold spends what a value costs when every part is followed wherever it is
// named; depth is where the value stands.
func (f *filler) unfold(v any, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	if err := f.spend(1); err != nil {
		return err
	}
	for part := range parts(v) {
		if err := f.unfold(part, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// weigh is about what a value takes when it is stored: each of its parts once,
// however often it is named.
func weigh(v any) int {
	s := scale{seen: map[any]bool{}}
	s.add(v)
	return s.size
}

type scale struct {
	seen map[any]bool
	size int
}

func (s *scale) add(v any) {
	s.size += 2
	switch v := v.(type) {
	case string:
		s.size += len(v)
	case *Ref, *Array, *Object, *DateTime, *ValueWrapper:
		if s.seen[v] {
			return
		}
		s.seen[v] = true
		for part := range parts(v) {
			s.add(part)
		}
	}
}
