package design

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What replace relies on.
func TestTexts_DoNotOverlap(t *testing.T) {
	for _, b := range append([]*box{mosparo().unknown}, boxes()...) {
		for i, text := range b.plan.texts {
			require.True(t, bytes.HasPrefix(text, []byte(head)), "%s", text)
			require.True(t, bytes.HasSuffix(text, []byte(")")), "%s", text)
			require.Equal(t, 1, bytes.Count(text, []byte("var(")), "%s", text)
			require.NotEmpty(t, nameOf(text), "%s", text)
			require.LessOrEqual(t, b.plan.at(text, 0, len(b.plan.texts)), i)
			for _, other := range b.plan.texts {
				require.False(t, bytes.HasPrefix(other, text) && !bytes.Equal(other, text), "%s and %s", text, other)
			}
		}
	}
	require.Len(t, mosparo().settings, 38)
	require.Len(t, mosparo().variables, 37)
}

func boxes() []*box {
	var all []*box
	for _, size := range []string{"small", "medium", "large", "invisible"} {
		all = append(all, mosparo().boxes[size])
	}
	return all
}

// replaceInOrder is the definition of replace.
func replaceInOrder(p *plan, css []byte, values [][]byte) []byte {
	for i, text := range p.texts {
		css = bytes.ReplaceAll(css, text, values[i])
	}
	return css
}

func FuzzReplace_IsReplacingOneAfterTheOther(f *testing.F) {
	f.Add([]byte("\x00\x81\x02\x83"), []byte("\x03\x04"), "a")
	f.Add([]byte("\x00\x00\x40\x41\x7f\x01\x80"), []byte("\x01\x41\x03\x00"), ")")
	f.Fuzz(func(t *testing.T, base, choices []byte, extra string) {
		p := mosparo().boxes["small"].plan
		// Bytes stand for whole texts, parts of them and letters, so that texts
		// inside values and around them are common.
		spell := func(code []byte) []byte {
			var b bytes.Buffer
			for i, c := range code[:min(len(code), 12)] {
				text := p.texts[int(c)%len(p.texts)]
				switch i % 4 {
				case 0:
					b.Write(text)
				case 1:
					b.Write(text[:int(c)%len(text)])
				case 2:
					b.Write(text[int(c)%len(text):])
				default:
					b.WriteString(extra[:min(len(extra), 20)])
				}
			}
			return b.Bytes()
		}
		values := make([][]byte, len(p.texts))
		for i := range values {
			values[i] = []byte("v")
		}
		for i, c := range choices[:min(len(choices), 8)] {
			values[int(c)%len(values)] = spell(choices[i+1:])
		}
		css := spell(base)
		want := replaceInOrder(p, css, values)
		got, err := p.replace(css, values)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	})
}

func TestReplace_EndsWithValuesThatBlowUp(t *testing.T) {
	p := mosparo().boxes["small"].plan
	values := make([][]byte, len(p.texts))
	for i := range values {
		if i+2 < len(values) {
			values[i] = bytes.Repeat(p.texts[i+2], 100)
		}
	}
	_, err := p.replace(p.texts[0], values)
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestImages_ManyEqualOnesTakeOnePass(t *testing.T) {
	css := []byte(strings.Repeat(".a{background:url(x.svg#y)}", 100_000))
	got, err := replaceImages(css, true)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(".a{background:url(/resources/logo.svg?y)}", 100_000), string(got))
}

func TestNumber_IsPHPs(t *testing.T) {
	for s, want := range map[string]float64{
		"21": 21, " 21": 21, "21 ": 21, "\t\n\v\f\r21": 21, "1e2": 100, "1E2": 100, ".5": .5, "5.": 5, "-5": -5, "+5": 5, "0021": 21,
		"9223372036854775808": 9223372036854775808, "1e999": math.Inf(1),
	} {
		f, ok := parseNumber(s)
		require.True(t, ok, "%q", s)
		require.Equal(t, want, f, "%q", s)
	}
	for _, s := range []string{"", " ", "abc", "3px", "0x20", "1_0", "e5", ".", "+", "--5", "1e", "1 2", "INF", "inf", "NaN", "21\x00"} {
		_, ok := parseNumber(s)
		require.False(t, ok, "%q", s)
	}
}
