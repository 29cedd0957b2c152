package design

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/mosparo/go-cluster/cache/php"
)

// The tables as extracted from mosparo, compressed with gzip -9n and otherwise
// unchanged. A new version of mosparo may have other ones.
//
//go:embed tables.json.gz
var packed []byte

// tables are mosparo's tables, with indexes.
type tables struct {
	settings  []setting
	index     map[string]int // of settings
	inputs    map[string]any // defaults of settings that the hash does not cover
	variables []variable
	// boxes are the tables of the box sizes; unknown is that of any other size.
	boxes   map[string]*box
	unknown *box
	// fromBox are the settings that depend on the box size in the simple modes.
	fromBox   map[string]string
	maxRadius map[string]int64
}

// setting is a setting that the hash covers.
type setting struct {
	key   string
	value any // the default
}

// text is a variable with its default as it is written in the base CSS, in the two
// spellings that are replaced.
type text struct{ spaced, minified string }

// variable is a CSS variable that stands for a setting.
type variable struct {
	text
	setting   int
	key, kind string
}

// box is the table of a box size, and the plan for it.
type box struct {
	variables []boxVariable
	plan      *plan
}

// boxVariable is a CSS variable that depends on the size of the box.
type boxVariable struct {
	text
	name string
	// value is that of the setting that depends on the box size in the simple modes.
	value any
	css   string
}

// mosparo returns mosparo's tables, which are read once.
var mosparo = sync.OnceValue(func() *tables {
	t, err := readTables(packed)
	if err != nil {
		panic(err) // the tables are embedded, and every test reads them
	}
	return t
})

// file is the form of the table file.
type file struct {
	Settings      []fileSetting        `json:"settings"`
	OtherSettings []fileSetting        `json:"other_settings"`
	Variables     []fileVariable       `json:"variables"`
	BoxVariables  []fileVariable       `json:"box_variables"`
	BoxSizes      map[string][]fileBox `json:"box_sizes"`
	MaxRadius     map[string]int64     `json:"logo_max_radius"`
	FromBox       map[string]string    `json:"from_box_size_in_simple_modes"`
}

type fileSetting struct {
	Key     string    `json:"key"`
	Default fileValue `json:"default"`
}

type fileVariable struct {
	Name     string `json:"css_variable"`
	Key      string `json:"key"`
	Type     string `json:"type"`
	Spaced   string `json:"spaced"`
	Minified string `json:"minified"`
}

type fileBox struct {
	Name  string    `json:"css_variable"`
	Value fileValue `json:"value"`
	CSS   string    `json:"css"`
}

// fileValue is a PHP value with its type: a string, int, bool, or an array of these with
// texts as keys.
type fileValue struct{ value any }

// UnmarshalJSON implements [json.Unmarshaler].
func (f *fileValue) UnmarshalJSON(b []byte) error {
	var in struct {
		Type    string          `json:"t"`
		Value   any             `json:"v"`
		Entries [][2]*fileValue `json:"entries"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	text, isText := in.Value.(string)
	flag, isFlag := in.Value.(bool)
	switch {
	case in.Type == "string" && isText:
		f.value = text
	case in.Type == "bool" && isFlag:
		f.value = flag
	case in.Type == "int" && isText:
		n, err := strconv.ParseInt(text, 10, 64)
		f.value = n
		return err
	case in.Type == "array":
		array := &php.Array{}
		for _, e := range in.Entries {
			key, _ := e[0].value.(string)
			array.Elements = append(array.Elements, php.Element{Key: php.StringKey(key), Value: e[1].value})
		}
		f.value = array
	default:
		return fmt.Errorf("a value of type %q", in.Type)
	}
	return nil
}

func readTables(packed []byte) (*tables, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	t := &tables{index: map[string]int{}, inputs: map[string]any{}, boxes: map[string]*box{}, fromBox: f.FromBox, maxRadius: f.MaxRadius}
	for i, s := range f.Settings {
		t.settings = append(t.settings, setting{key: s.Key, value: s.Default.value})
		t.index[s.Key] = i
	}
	for _, s := range f.OtherSettings {
		t.inputs[s.Key] = s.Default.value
	}
	return t, t.addVariables(&f)
}

func (t *tables) addVariables(f *file) error {
	for _, v := range f.Variables {
		i, ok := t.index[v.Key]
		if !ok {
			return fmt.Errorf("design: table, variable %s: no setting %s", v.Name, v.Key)
		}
		t.variables = append(t.variables, variable{text: text{v.Spaced, v.Minified}, setting: i, key: v.Key, kind: v.Type})
	}
	texts := map[string]text{}
	for _, v := range f.BoxVariables {
		texts[v.Name] = text{v.Spaced, v.Minified}
	}
	t.unknown = &box{plan: newPlan(t.variables, nil)}
	for size, list := range f.BoxSizes {
		of := &box{}
		for _, b := range list {
			of.variables = append(of.variables, boxVariable{name: b.Name, text: texts[b.Name], value: b.Value.value, css: b.CSS})
		}
		of.plan = newPlan(t.variables, of.variables)
		t.boxes[size] = of
	}
	return nil
}
