package design

import (
	"crypto/sha256"
	"strings"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cssstore"
)

// Row is a stored setting of a project: its name, and its PHP value as [php.Decode]
// returns it. The type is part of the design: 16, 16.0 and "16" have different hashes.
type Row struct {
	Name  string
	Value any
}

// Design is the design of a project: all values that mosparo derives from its settings. It
// is immutable, and safe for concurrent use if no goroutine changes the values in the
// rows. Make one with [New].
type Design struct {
	tables *tables
	// values are the values that the hash covers, in its order.
	values []any
	hash   cssstore.Hash
}

// Modes of a design that mosparo treats in a special way.
const (
	simple          = "simple"
	invisibleSimple = "invisible-simple"
)

// New derives the design of a project from its rows, in the order in which they are
// stored, such as those of a projectdb.DB. Of several rows with one name the first
// counts, rows that are no design settings are ignored, and a setting without a row has
// its default. Errors: [*ValueError] for a value on which mosparo fails before it has
// computed the hash, [*php.EncodeError] for a value that [php.Marshal] does not take.
func New(rows []Row) (*Design, error) {
	t := mosparo()
	p := project{tables: t, rows: rows}
	d := &Design{tables: t, values: make([]any, len(t.settings))}
	mode, err := p.mode()
	if err != nil {
		return nil, err
	}
	for i, s := range t.settings {
		if mode == advanced {
			d.values[i] = p.value(s.key)
		} else {
			d.values[i] = s.value
		}
	}
	switch mode {
	case simple:
		err = d.simple(p)
	case invisibleSimple:
		d.invisibleSimple(p)
	}
	if err == nil && mode != advanced {
		err = d.takeFromBox()
	}
	if err != nil {
		return nil, err
	}
	serialized, err := php.Marshal(d.Values())
	d.hash = sha256.Sum256(serialized)
	return d, err
}

// Hash returns mosparo's designConfigHash. It covers the settings alone.
func (d *Design) Hash() cssstore.Hash { return d.hash }

// Values returns the array that the hash covers. The elements must not be changed.
func (d *Design) Values() *php.Array {
	a := &php.Array{Elements: make([]php.Element, len(d.values))}
	for i, s := range d.tables.settings {
		a.Elements[i] = php.Element{Key: php.Key{Str: s.key}, Value: d.values[i]}
	}
	return a
}

// project are the stored settings of a project.
type project struct {
	tables *tables
	rows   []Row
}

// find returns the value of the first row with a name.
func (p project) find(name string) (any, bool) {
	for i := range p.rows {
		if p.rows[i].Name == name {
			return php.Deref(p.rows[i].Value), true
		}
	}
	return nil, false
}

// value returns a setting as stored, or its default.
func (p project) value(key string) any {
	if v, ok := p.find(key); ok {
		return v
	}
	if i, ok := p.tables.index[key]; ok {
		return p.tables.settings[i].value
	}
	return p.tables.inputs[key]
}

// advanced stands for all other modes.
const advanced = "advanced"

func (p project) mode() (string, error) {
	v, ok := p.find("designMode")
	if !ok {
		return simple, nil
	}
	// mosparo's method returns a string, to which PHP converts numbers.
	s, ok := toString(v)
	switch {
	case !ok || v == nil || isArray(v):
		return "", &ValueError{Setting: "designMode", Msg: "is no string"}
	case s == simple, s == invisibleSimple:
		return s, nil
	}
	return advanced, nil
}

func (d *Design) set(v any, keys ...string) {
	for _, k := range keys {
		d.values[d.tables.index[k]] = v
	}
}

func (d *Design) get(key string) any { return d.values[d.tables.index[key]] }

const transparent = "transparent"

func (d *Design) simple(p project) error {
	background, foreground := p.value("colorWebsiteBackground"), p.value("colorWebsiteForeground")
	accent := p.value("colorWebsiteAccent")
	d.set(p.value("boxSize"), "boxSize")
	d.set(background, "colorBackground", "colorSuccessBackground", "colorFailureBackground")
	d.set(foreground, "colorText", "colorLoaderText")
	d.set(accent, "colorBorder", "colorCheckbox", "colorLoadingCheckboxAnimatedCircle", "colorFocusCheckbox", "colorLoaderCircle")
	d.set(p.value("colorHover"), "colorFocusCheckboxShadow")
	d.set(p.value("colorSuccess"), "colorSuccessBorder", "colorSuccessCheckbox", "colorSuccessText")
	d.set(p.value("colorFailure"), "colorFailureBorder", "colorFailureCheckbox", "colorFailureText", "colorFailureTextError")
	d.set(transparent, "colorShadow", "colorSuccessShadow", "colorFailureShadow")
	d.set(true, "fullPageOverlay")
	overlay, err := makeTranslucent(background)
	d.set(overlay, "colorLoaderBackground")
	return err
}

// makeTranslucent returns the background of the overlay for that of the website. Like
// mosparo it breaks nested brackets.
func makeTranslucent(background any) (any, error) {
	s, ok := toString(background)
	if !ok || isArray(background) {
		return nil, &ValueError{Setting: "colorWebsiteBackground", Msg: "is no string"}
	}
	if !strings.HasPrefix(s, "rgb(") {
		return background, nil
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "rgb(", "rgba("), ")", ", 0.8)"), nil
}

func (d *Design) invisibleSimple(p project) {
	d.set(transparent, "colorBackground", "colorSuccessBackground", "colorFailureBackground", "colorText", "colorBorder",
		"colorCheckbox", "colorLoadingCheckboxAnimatedCircle", "colorFocusCheckbox", "colorFocusCheckboxShadow", "colorSuccessBorder",
		"colorSuccessCheckbox", "colorSuccessText", "colorFailureBorder", "colorFailureCheckbox", "colorFailureText",
		"colorShadow", "colorSuccessShadow", "colorFailureShadow")
	d.set("invisible", "boxSize")
	d.set("none !important", "displayContent")
	d.set("static", "positionContainer")
	for _, key := range []string{
		"fullPageOverlay", "colorLoaderBackground", "colorLoaderText", "colorLoaderCircle", "colorFailureTextError", "showMosparoLogo",
	} {
		d.set(p.value(key), key)
	}
}

// takeFromBox sets the values that depend on the size of the box in the simple modes, to
// null for an unknown size.
func (d *Design) takeFromBox() error {
	box, err := d.box()
	if err != nil {
		return err
	}
	for key, name := range d.tables.fromBox {
		d.set(nil, key)
		for _, b := range box.variables {
			if b.name == name {
				d.set(b.value, key)
			}
		}
	}
	return nil
}

// box returns the table of the size of the box, an empty one for an unknown size.
func (d *Design) box() (*box, error) {
	switch size := d.get("boxSize").(type) {
	case string:
		if b := d.tables.boxes[size]; b != nil {
			return b, nil
		}
	case nil, bool, int64, float64: // PHP converts it to a key that no table has
	default:
		return nil, &ValueError{Setting: "boxSize", Msg: "is no string"}
	}
	return d.tables.unknown, nil
}
