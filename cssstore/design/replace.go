package design

import "bytes"

// plan has the texts that are replaced in the base CSS, in mosparo's order: the two texts
// of every variable, then those of the box size. It may have a text twice.
type plan struct {
	texts [][]byte
	// names are the indexes in texts by the name of the variable.
	names map[string][]int
}

// head is the prefix of every text that is replaced.
const head = "var(--mosparo-"

func newPlan(variables []variable, box []boxVariable) *plan {
	p := &plan{names: map[string][]int{}}
	for i := range variables {
		p.add(variables[i].text)
	}
	for i := range box {
		p.add(box[i].text)
	}
	return p
}

func (p *plan) add(t text) {
	for _, s := range []string{t.spaced, t.minified} {
		name := string(nameOf([]byte(s)))
		p.names[name] = append(p.names[name], len(p.texts))
		p.texts = append(p.texts, []byte(s))
	}
}

// nameOf returns the name of the variable at the beginning of css, up to the comma.
func nameOf(css []byte) []byte {
	const longest = 64
	name := css[len("var("):min(len(css), longest)]
	if i := bytes.IndexByte(name, ','); i >= 0 {
		return name[:i]
	}
	return nil
}

// at returns the first index from "from" to "to"-1 of a text that is a prefix of css, -1
// for none.
func (p *plan) at(css []byte, from, to int) int {
	for _, i := range p.names[string(nameOf(css))] {
		if from <= i && i < to && bytes.HasPrefix(css, p.texts[i]) {
			return i
		}
	}
	return -1
}

// replace replaces texts with values as mosparo does: one text after the other,
// everywhere, in what the earlier replacements have left.
//
// It replaces as many texts as possible in one pass. Every text has the prefix head, no
// other "var(" inside, and is no prefix of another text. So no two of them overlap, and a
// text that arises from a replacement, out of a value and its surroundings, is not
// damaged by another replacement. If the texts with the indexes "from" to "to"-1 are
// replaced in one pass and the result has none of them, one pass each gives the same
// result. If the first that the result has is m, the texts before m may be replaced in
// one pass.
func (p *plan) replace(css []byte, values [][]byte) ([]byte, error) {
	for from, end := 0, len(p.texts); from < end; {
		out, err := p.replaceInOnePass(css, values, from, end)
		if err != nil {
			return nil, err
		}
		m := p.first(out, from)
		switch m {
		case end:
			return out, nil
		case from:
			e := editor{css: css}
			_, err = e.replaceAll(p.texts[from], values[from])
			css = e.css
			from++
		default:
			css, err = p.replaceInOnePass(css, values, from, m)
			from = m
		}
		if err != nil {
			return nil, err
		}
	}
	return css, nil
}

// replaceInOnePass replaces the texts with the indexes "from" to "to"-1.
func (p *plan) replaceInOnePass(css []byte, values [][]byte, from, to int) ([]byte, error) {
	out := make([]byte, 0, len(css)+len(css)/8)
	for {
		i := bytes.Index(css, []byte(head))
		if i < 0 {
			break
		}
		out, css = append(out, css[:i]...), css[i:]
		if n := p.at(css, from, to); n >= 0 {
			out, css = append(out, values[n]...), css[len(p.texts[n]):]
		} else {
			out, css = append(out, head...), css[len(head):]
		}
		if len(out) > MaxSize {
			return nil, ErrTooLarge
		}
	}
	if len(out)+len(css) > MaxSize {
		return nil, ErrTooLarge
	}
	return append(out, css...), nil
}

// first returns the lowest index, at least "from", of a text that the CSS has, or the
// number of texts if it has none.
func (p *plan) first(css []byte, from int) int {
	lowest := len(p.texts)
	for {
		i := bytes.Index(css, []byte(head))
		if i < 0 {
			return lowest
		}
		css = css[i:]
		if n := p.at(css, from, lowest); n >= 0 {
			lowest = n
		}
		css = css[len(head):]
	}
}

// editor is a text that is edited many times. It has two buffers, so that nothing is
// allocated once they are large enough.
type editor struct{ css, spare []byte }

// replaceAll replaces a text everywhere, and reports whether it was found.
func (e *editor) replaceAll(old, value []byte) (bool, error) {
	rest := e.css
	i := bytes.Index(rest, old)
	if i < 0 {
		return false, nil
	}
	out := e.spare[:0]
	for ; i >= 0; i = bytes.Index(rest, old) {
		out = append(append(out, rest[:i]...), value...)
		rest = rest[i+len(old):]
		if len(out)+len(rest) > 2*MaxSize {
			return true, ErrTooLarge
		}
	}
	out = append(out, rest...)
	e.css, e.spare = out, e.css
	if len(out) > MaxSize {
		return true, ErrTooLarge
	}
	return true, nil
}
