package typedjson_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
)

// stored are the recorded values of PHP, as serialize() and igbinary.
func stored(tb testing.TB) (names []string, raw [][]byte, values []json.RawMessage) {
	tb.Helper()
	b, err := os.ReadFile("../testdata/php-values.json")
	require.NoError(tb, err)
	var file struct {
		Cases []struct {
			Name      string
			Value     json.RawMessage
			Serialize []byte `json:"serialize_b64"`
			Igbinary  []byte `json:"igbinary_b64"`
		}
	}
	require.NoError(tb, json.Unmarshal(b, &file))
	for _, c := range file.Cases {
		if c.Serialize != nil && c.Igbinary != nil {
			names = append(names, c.Name+" serialize", c.Name+" igbinary")
			raw = append(raw, c.Serialize, c.Igbinary)
			values = append(values, c.Value, c.Value)
		}
	}
	require.Greater(tb, len(raw), 250)
	return names, raw, values
}

func TestUnmarshal_IsTheReverseOfMarshal(t *testing.T) {
	names, raw, _ := stored(t)
	for i := range raw {
		roundTrip(t, names[i], raw[i])
	}
	for _, extra := range []string{
		`a:3:{i:0;s:1:"x";i:1;R:2;i:2;a:1:{i:0;R:3;}}`,
		`O:1:"A":4:{s:4:"` + "\x00*\x00" + `b";a:1:{i:0;i:1;}s:1:"c";R:2;i:7;R:2;s:1:"` + "\xff" + `";r:1;}`,
		`O:2:"` + "\xff\xfe" + `":1:{s:7:"` + "\x00\xff\xfe\x00abc" + `";E:4:"` + "\xfe:\xff\xfd" + `";}`,
		`O:4:"Date":4:{s:4:"date";s:26:"2026-11-23 14:00:00.000001";s:13:"timezone_type";i:1;s:8:"timezone";s:6:"+02:00";s:1:"a";N;}`,
	} {
		roundTrip(t, extra, []byte(extra))
	}
}

func roundTrip(t *testing.T, name string, raw []byte) {
	t.Helper()
	v, err := php.Decode(raw)
	require.NoError(t, err, name)
	doc, err := typedjson.Marshal(v)
	require.NoError(t, err, name)
	require.True(t, json.Valid(doc), "%s", doc)
	again, err := typedjson.Unmarshal(doc)
	require.NoError(t, err, "%s: %s", name, doc)
	want, err := php.Marshal(v)
	require.NoError(t, err)
	got, err := php.Marshal(again)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), name)
}

// TestMarshal_HasTheMembersOfARecordedValue, in their order, where those of
// the records are complete.
func TestMarshal_HasTheMembersOfARecordedValue(t *testing.T) {
	names, raw, values := stored(t)
	same := 0
	for i := range raw {
		v, err := php.Decode(raw[i])
		require.NoError(t, err)
		got, err := typedjson.Marshal(v)
		require.NoError(t, err)
		var compact, want any
		require.NoError(t, json.Unmarshal(got, &compact))
		require.NoError(t, json.Unmarshal(values[i], &want))
		if strings.Contains(names[i], "enum") || strings.Contains(names[i], "between properties") ||
			strings.HasPrefix(names[i], "__serialize") || strings.HasPrefix(names[i], "ArrayObject") || strings.HasPrefix(names[i], "SplObjectStorage") {
			continue // what a value cannot know of its class; marks of our own
		}
		require.Equal(t, want, compact, names[i])
		same++
	}
	require.Greater(t, same, 240)
}

func TestMarshal_ShowsReferencesBetweenPropertiesBesideTheValue(t *testing.T) {
	v, err := php.Decode([]byte(`O:8:"stdClass":4:{s:1:"a";s:1:"x";s:1:"b";R:2;s:1:"c";a:0:{}s:1:"d";R:3;}`))
	require.NoError(t, err)
	doc, err := typedjson.Marshal(v)
	require.NoError(t, err)
	require.Equal(t, `{"t":"object","id":1,"class":"stdClass","props":[`+
		`{"name":"a","value":{"t":"string","v":"x"},"ref":1},`+
		`{"name":"b","value":{"t":"string","v":"x"},"ref":1},`+
		`{"name":"c","value":{"t":"array","list":true,"entries":[]},"ref":2},`+
		`{"name":"d","value":{"t":"same_ref","ref":2}}]}`, string(doc))
}

func TestUnmarshal_TakesShorterDescriptions(t *testing.T) {
	for doc, want := range map[string]string{
		`{"t":"int","v":5}`:                               `i:5;`,
		`{"t":"float","v":"1.5"}`:                         `d:1.5;`,
		`{"t":"float","v":"-INF"}`:                        `d:-INF;`,
		`{"t":"float","v":"NAN"}`:                         `d:NAN;`,
		`{"t":"datetime","utc":"2026-11-23T14:00:00.5Z"}`: `O:8:"DateTime":3:{s:4:"date";s:26:"2026-11-23 14:00:00.500000";s:13:"timezone_type";i:3;s:8:"timezone";s:3:"UTC";}`,
		`{"t":"array","entries":[[{"t":"string","v":"1"},{"t":"null"}],[{"t":"int","v":"1"},{"t":"bool","v":true}]]}`: `a:1:{i:1;b:1;}`,
	} {
		v, err := typedjson.Unmarshal([]byte(doc))
		require.NoError(t, err, doc)
		got, err := php.Marshal(v)
		require.NoError(t, err, doc)
		require.Equal(t, want, string(got), doc)
	}
}

func TestUnmarshal_RefusesWhatIsNoTypedValue(t *testing.T) {
	for doc, want := range map[string]string{
		``:                             `unexpected end of JSON input`,
		`{"t":"integer"}`:              `unknown type "integer"`,
		`5`:                            `cannot unmarshal number`,
		`{"t":"int","v":"x"}`:          `int: strconv.ParseInt`,
		`{"t":"bool","v":"x"}`:         `bool: `,
		`{"t":"string","sha256":"00"}`: `string: neither v nor v_b64`,
		`{"t":"string","v_b64":"*"}`:   `string: illegal base64`,
		`{"t":"same_object","id":1}`:   `no object 1 before`,
		`{"t":"same_ref","ref":1}`:     `unknown type "same_ref"`,
		`{"t":"array","entries":[[]]}`: `an entry is [key, value]`,
		`{"t":"array","entries":[[{"t":"null"},{"t":"null"}]]}`:                                                            `a key is an int or a string`,
		`{"t":"array","entries":[[{"t":"int","v":"0"},{"t":"same_ref","ref":3}]]}`:                                         `no reference 3 before`,
		`{"t":"object","class":"A","props":[{"name":"a"}]}`:                                                                `value is missing`,
		`{"t":"object","class":"A","props":[{"name":"a","visibility":"odd"}]}`:                                             `unknown visibility "odd"`,
		`{"t":"object","class":"A","props":[{"name":"a","int_name":true}]}`:                                                `name: strconv.ParseInt`,
		`{"t":"datetime","date":"tomorrow","timezone_type":3,"timezone":"UTC"}`:                                            `datetime: php: `,
		`{"t":"datetime","utc":"x"}`:                                                                                       `datetime: parsing time`,
		`{"t":"symfony_item","value":{"t":"null"},"metadata":{"t":"null"}}`:                                                `metadata is an array`,
		strings.Repeat(`{"t":"array","entries":[[{"t":"int","v":"0"},`, 600) + `{"t":"null"}` + strings.Repeat(`]]}`, 600): `nested deeper than 512`,
	} {
		_, err := typedjson.Unmarshal([]byte(doc))
		require.ErrorContains(t, err, want, "%.100s", doc)
		require.ErrorContains(t, err, "typedjson: ")
	}
}

func TestMarshal_RefusesWhatIsNoPHPValue(t *testing.T) {
	_, err := typedjson.Marshal(struct{}{})
	require.ErrorContains(t, err, "struct {} is not a PHP value")
	deep := &php.Array{}
	deep.Elements = append(deep.Elements, php.Element{Value: deep})
	_, err = typedjson.Marshal(deep)
	require.ErrorContains(t, err, "nested deeper than")
}

func TestMarshal_BoundsWhatAFewBytesStandFor(t *testing.T) {
	// One array of 1000 entries, named again and again.
	in := []byte("\x00\x00\x00\x02\x15\x0e\x10\x06\x00\x15\x03\xe8")
	for i := range 1000 {
		in = append(in, 0x08, byte(i>>8), byte(i), 0x06, 0x01)
	}
	for i := 1; i < 0x0e10; i++ {
		in = append(in, 0x08, byte(i>>8), byte(i), 0x01, 0x01)
	}
	v, err := php.Decode(in)
	require.NoError(t, err)
	_, err = typedjson.MarshalUpTo(typedjson.MaxSize/100, v)
	require.ErrorIs(t, err, typedjson.ErrTooLarge)
}

func FuzzUnmarshal(f *testing.F) {
	_, _, values := stored(f)
	for _, v := range values {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		v, err := typedjson.Unmarshal(doc)
		if err != nil {
			return
		}
		raw, err := php.Marshal(v)
		if err != nil {
			return // a class name, a year, … that PHP cannot have
		}
		again, err := php.Decode(raw)
		if err != nil {
			return
		}
		_, err = typedjson.Marshal(again)
		require.NoError(t, err)
	})
}
