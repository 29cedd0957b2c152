package design

import (
	"bytes"

	"github.com/mosparo/go-cluster/cssstore"
)

// MaxSize limits the size of the base CSS and of the CSS made from it, in bytes.
const MaxSize = 16 << 20

// Prepare returns the version of a project with the design of its rows: their hash, and
// the CSS made from the base CSS. Its errors are those of [New] and [Design.CSS].
func Prepare(project cssstore.UUID, rows []Row, base []byte) (cssstore.Resource, error) {
	d, err := New(rows)
	if err != nil {
		return cssstore.Resource{}, err
	}
	css, err := d.CSS(project, base)
	if err != nil {
		return cssstore.Resource{}, err
	}
	return cssstore.Resource{Project: project, Hash: d.Hash(), CSS: css, Settled: true}, nil
}

// CSS makes the CSS of a project with this design from the base CSS, which it does not
// change. It takes time in proportion to the size of the base CSS times the number of
// different images in it. Errors: [*ValueError] for a value on which mosparo fails
// after it has computed the hash, [ErrTooLarge].
func (d *Design) CSS(project cssstore.UUID, base []byte) ([]byte, error) {
	if len(base) > MaxSize {
		return nil, ErrTooLarge
	}
	logo, err := d.logo()
	if err != nil {
		return nil, err
	}
	box, err := d.box()
	if err != nil {
		return nil, err
	}
	values, err := d.replacements(box, logo)
	if err != nil {
		return nil, err
	}
	css, err := box.plan.replace(base, values)
	if err != nil {
		return nil, err
	}
	e := editor{css: css}
	if _, err := e.replaceAll([]byte(".mosparo__container"), []byte(".mosparo__"+project.String())); err != nil {
		return nil, err
	}
	// Images are kept unless the logo is switched off; null does not switch it off.
	return replaceImages(stripCommentsAndLines(e.css), logo == nil || truthy(logo))
}

// logo returns the setting that shows the logo. mosparo switches it off after computing
// the hash if the corners of the box are too round.
func (d *Design) logo() (any, error) {
	size, ok := d.get("boxSize").(string)
	if d.get("boxSize") == nil {
		size, ok = "medium", true
	}
	if !ok {
		size = ""
		if _, err := d.box(); err != nil {
			return nil, err
		}
	}
	if moreThan(d.get("boxRadius"), d.tables.maxRadius[size]) {
		return false, nil
	}
	return d.get("showMosparoLogo"), nil
}

// replacements returns the values that replace the texts of the plan.
func (d *Design) replacements(box *box, logo any) ([][]byte, error) {
	values := make([][]byte, 0, len(box.plan.texts))
	for i := range d.tables.variables {
		v := &d.tables.variables[i]
		value := d.values[v.setting]
		if v.key == "showMosparoLogo" {
			value = logo
		}
		r, err := v.replacement(value)
		if err != nil {
			return nil, err
		}
		values = append(values, r.spaced, r.minified)
	}
	for i := range box.variables {
		css := []byte(box.variables[i].css)
		values = append(values, css, css)
	}
	return values, nil
}

// stripCommentsAndLines removes comments, as mosparo's expression finds them, and line
// feeds, for which mosparo takes two passes. It changes css.
func stripCommentsAndLines(css []byte) []byte {
	out := css[:0]
	for i := 0; i < len(css); {
		n := bytes.IndexAny(css[i:], "/\n")
		if n < 0 {
			return append(out, css[i:]...)
		}
		out = append(out, css[i:i+n]...)
		i += n
		if css[i] == '\n' {
			i++
		} else if n := commentLen(css[i:]); n > 0 {
			i += n
		} else {
			out = append(out, css[i])
			i++
		}
	}
	return out
}

// commentLen returns the length of the comment at the beginning of css, 0 for none: /*,
// any byte but a line feed, bytes other than *, then */.
func commentLen(css []byte) int {
	if len(css) < 3 || css[1] != '*' || css[2] == '\n' {
		return 0
	}
	star := bytes.IndexByte(css[3:], '*')
	if star < 0 || 3+star+1 >= len(css) || css[3+star+1] != '/' {
		return 0
	}
	return 3 + star + 2
}
