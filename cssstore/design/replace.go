package design

import "bytes"

// plan is what is replaced in the base, in mosparo's order: the two texts of
// every variable, then those of the box size. Some stand in it twice.
type plan struct {
	texts [][]byte
	// names are the places in texts by the name of the variable.
	names map[string][]int
}

// head begins every text that is replaced.
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

// nameOf is the name of the variable that css begins with, as far as its comma.
func nameOf(css []byte) []byte {
	const longest = 64
	name := css[len("var("):min(len(css), longest)]
	if i := bytes.IndexByte(name, ','); i >= 0 {
		return name[:i]
	}
	return nil
}

// at is the first place from..to-1 of the text that css begins with, -1 for
// none.
func (p *plan) at(css []byte, from, to int) int {
	for _, i := range p.names[string(nameOf(css))] {
		if from <= i && i < to && bytes.HasPrefix(css, p.texts[i]) {
			return i
		}
	}
	return -1
}

// replace puts values in the place of the texts as mosparo does: one text
// after the other, everywhere, in what the earlier replacements have left.
//
// All texts begin with head, have no other "var(" inside, and none is the
// beginning of another. So no two of them overlap, and a text that comes to be
// by a replacement, out of a value and what stands around it, cannot be broken
// by another replacement. If all texts from one place to another are replaced
// at once and none of them is in the result, no order gives another result;
// and if the first that is in it stands at m, those before m may be replaced
// at once.
func (p *plan) replace(css []byte, values [][]byte) ([]byte, error) {
	for from, end := 0, len(p.texts); from < end; {
		out, err := p.replaceAtOnce(css, values, from, end)
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
			css, err = p.replaceAtOnce(css, values, from, m)
			from = m
		}
		if err != nil {
			return nil, err
		}
	}
	return css, nil
}

// replaceAtOnce replaces the texts of places from..to-1 in one pass.
func (p *plan) replaceAtOnce(css []byte, values [][]byte, from, to int) ([]byte, error) {
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

// first is the lowest place from "from" on of a text that is in the CSS, the
// end if there is none.
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

// editor is a text that is changed again and again. It has two buffers, so
// that nothing is allocated once they are large enough.
type editor struct{ css, spare []byte }

// replaceAll replaces a text everywhere, and says whether it was there.
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
