package php_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
)

// The cases in testdata were recorded from PHP 8.2 with igbinary 3.2 and
// Symfony Cache 6.4; their typed values are those of package typedjson.

// valueCase is a value and what PHP writes for it.
type valueCase struct {
	Name          string
	Value         map[string]any
	ValueIgbinary map[string]any `json:"value_igbinary"`
	CacheItem     *struct {
		Wrapped  bool
		Value    map[string]any
		Metadata map[string]any
	} `json:"cache_item"`
	Serialize   []byte `json:"serialize_b64"`
	SerializeGz []byte `json:"serialize_gz_b64"`
	Igbinary    []byte `json:"igbinary_b64"`
	IgbinaryGz  []byte `json:"igbinary_gz_b64"`
}

func valueCases(tb testing.TB) []valueCase {
	tb.Helper()
	var file struct{ Cases []valueCase }
	readJSON(tb, "testdata/php-values.json", &file)
	require.Greater(tb, len(file.Cases), 140)
	for i := range file.Cases {
		c := &file.Cases[i]
		if c.SerializeGz != nil {
			c.Serialize = unzip(tb, c.SerializeGz)
		}
		if c.IgbinaryGz != nil {
			c.Igbinary = unzip(tb, c.IgbinaryGz)
		}
		if c.ValueIgbinary == nil {
			c.ValueIgbinary = c.Value
		}
	}
	return file.Cases
}

// storedCase is what Symfony's marshaller makes of stored bytes.
type storedCase struct {
	Name  string
	Raw   []byte `json:"raw_b64"`
	OK    bool
	Value map[string]any
}

func storedCases(tb testing.TB) []storedCase {
	tb.Helper()
	var file struct{ Cases []storedCase }
	readJSON(tb, "testdata/marshaller.json", &file)
	require.Greater(tb, len(file.Cases), 70)
	return file.Cases
}

func readJSON(tb testing.TB, name string, v any) {
	tb.Helper()
	b, err := os.ReadFile(name)
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(b, v))
}

func unzip(tb testing.TB, b []byte) []byte {
	tb.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	require.NoError(tb, err)
	out, err := io.ReadAll(r)
	require.NoError(tb, err)
	return out
}

// selfWritten are the classes whose own code decides what is stored: PHP shows
// what that code makes of it, Decode what is stored.
var selfWritten = []string{"__serialize", "ArrayObject", "SplObjectStorage"}

func TestDecode_ReadsWhatPHPWrites(t *testing.T) {
	for _, c := range valueCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			for format, in := range map[string]struct {
				raw  []byte
				want map[string]any
			}{"serialize": {c.Serialize, c.Value}, "igbinary": {c.Igbinary, c.ValueIgbinary}} {
				v, err := php.Decode(in.raw)
				require.NoError(t, err, format)
				if !slices.Contains(selfWritten, c.Name) {
					require.Equal(t, normal(in.want), normal(typed(t, v)), format)
				}
			}
		})
	}
}

func TestMarshal_WritesPHPsOwnBytes(t *testing.T) {
	for _, c := range valueCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			for format, raw := range map[string][]byte{"serialize": c.Serialize, "igbinary": c.Igbinary} {
				v, err := php.Decode(raw)
				require.NoError(t, err)
				got, err := php.Marshal(v)
				require.NoError(t, err)
				require.Equal(t, string(c.Serialize), string(got), "decoded from %s", format)
			}
		})
	}
}

func TestUnwrap_GivesWhatSymfonysItemHolds(t *testing.T) {
	items := 0
	for _, c := range valueCases(t) {
		if c.CacheItem == nil {
			continue
		}
		items++
		for _, raw := range [][]byte{c.Serialize, c.Igbinary} {
			v, err := php.Decode(raw)
			require.NoError(t, err, c.Name)
			require.Equal(t, normal(c.CacheItem.Value), normal(typed(t, unwrapped(v))), c.Name)
			var w *php.ValueWrapper
			wrapped := php.Unmarshal(raw, &w) == nil && w != nil
			require.Equal(t, c.CacheItem.Wrapped, wrapped, c.Name)
			if wrapped {
				require.Equal(t, normal(c.CacheItem.Metadata), normal(typed(t, w.Metadata())), c.Name)
			}
		}
	}
	require.Greater(t, items, 8)
}

// unknownToPHP are the cases that PHP refuses because it has no such class;
// Decode knows no classes and shows data.
var unknownToPHP = map[string]string{
	"unknown class": "Unknown", "unknown class in an array": "Unknown", "igbinary unknown class": "Unknown",
	"random damage 23": "DateTim\x81",
}

func TestDecode_RefusesWhatPHPRefuses(t *testing.T) {
	for _, c := range storedCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			v, err := php.Decode(c.Raw)
			if class, ok := unknownToPHP[c.Name]; ok {
				require.NoError(t, err)
				require.Contains(t, php.Classes(v), class)
				return
			}
			if c.OK {
				require.NoError(t, err)
				require.Equal(t, normal(c.Value), normal(typed(t, v)))
				return
			}
			var syntax *php.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.GreaterOrEqual(t, syntax.Offset, 0)
			require.LessOrEqual(t, syntax.Offset, len(c.Raw))
		})
	}
}

// typed is a value as typed JSON, parsed.
func typed(tb testing.TB, v any) any {
	tb.Helper()
	b, err := typedjson.Marshal(v)
	require.NoError(tb, err)
	require.NotContains(tb, string(b), "\n")
	var out any
	require.NoError(tb, json.Unmarshal(b, &out))
	return out
}

// normal brings a typed value, ours or a recorded one, to one form: objects
// numbered as they appear, strings as digests, floats by their bits.
func normal(v any) any {
	return (&normalizer{ids: map[any]int{}}).value(v)
}

type normalizer struct{ ids map[any]int }

func (n *normalizer) value(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	kind := m["t"]
	switch kind {
	case "string":
		return "string " + stringDigest(m)
	case "float":
		return fmt.Sprint("float ", m["bits"])
	case "same_ref":
		return kind
	case "same_object":
		return fmt.Sprint("object ", n.ids[m["id"]])
	case "array":
		out := []any{"array", m["list"]}
		for _, e := range m["entries"].([]any) {
			e := e.([]any)
			out = append(out, n.value(e[0]), n.value(e[1]), len(e) > 2)
		}
		return out
	}
	if id, ok := m["id"]; ok {
		n.ids[id] = len(n.ids) + 1
	}
	switch kind {
	case "datetime":
		return []any{kind, m["class"], m["utc"], m["unix"], m["micro"], m["offset"], m["date"], m["timezone_type"], m["timezone"], n.props(m)}
	case "symfony_item":
		return []any{kind, n.value(m["value"]), n.value(m["metadata"])}
	case "object":
		return []any{kind, m["class"], n.props(m)}
	case "enum":
		return []any{kind, m["class"], m["case"]}
	default:
		return []any{kind, m["v"]}
	}
}

func (n *normalizer) props(m map[string]any) []any {
	var out []any
	list, _ := m["props"].([]any)
	for _, p := range list {
		p := p.(map[string]any)
		out = append(out, p["name"], p["visibility"], p["declared_in"], n.value(p["value"]))
	}
	return out
}

func stringDigest(m map[string]any) string {
	if d, ok := m["sha256"].(string); ok {
		return d
	}
	s, ok := m["v"].(string)
	if !ok {
		b, _ := base64.StdEncoding.DecodeString(m["v_b64"].(string))
		s = string(b)
	}
	d := sha256.Sum256([]byte(s))
	return hex.EncodeToString(d[:])
}

// unwrapped is a value without Symfony's metadata.
func unwrapped(v any) any {
	var w *php.ValueWrapper
	if php.Assign(&w, v) == nil && w != nil {
		return w.Value
	}
	return v
}
