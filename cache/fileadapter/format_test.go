package fileadapter

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPHPInt_ReadsAnExpiryAsPHPCastsIt(t *testing.T) {
	for text, want := range map[string]int64{
		"":                     0,
		"abc":                  0,
		"0":                    0,
		"-0":                   0,
		"+5":                   5,
		"- 5":                  0,
		"-7\n":                 -7,
		" 12":                  12,
		" \t\r\v\f7":           7,
		"1 2":                  1,
		"1_0":                  1,
		"1.9":                  1,
		".5e1":                 5,
		"1e":                   1,
		"1e+":                  1,
		"1.e3":                 1000,
		"1e9":                  1_000_000_000,
		"1E3abc":               1000,
		"4e-1":                 0,
		"0x1A":                 0,
		"nan":                  0,
		"inf":                  0,
		".":                    0,
		"\x00":                 0,
		"9223372036854775807":  math.MaxInt64,
		"9223372036854775808":  math.MaxInt64,
		"-9223372036854775808": math.MinInt64,
		"9999999999999999999":  math.MaxInt64,
		"9.3e18":               math.MaxInt64,
		"-1e30":                math.MinInt64,
		"1e1000":               0,
	} {
		require.Equal(t, want, phpInt([]byte(text)), "%q", text)
	}
}

func TestContent_ComparesTheDecodedKey(t *testing.T) {
	for _, c := range []struct {
		line, key string
		want      bool
	}{
		{"some%20key", "some key", true},
		{"%73ome%20key", "some key", true},
		{"some%20key \t\r\x00\v", "some key", true},
		{"some key", "some key", true},
		{"some%20ke", "some key", false},
		{"some%20keyy", "some key", false},
		{"a+b", "a+b", true},
		{"a+b", "a b", false},
		{"100%", "100%", true},
		{"%4", "%4", true},
		{"%zz%41", "%zzA", true},
		{"%c3%BC", "ü", true},
		{"", "", true},
		{"", "a", false},
	} {
		parsed := parse([]byte("0\n" + c.line + "\nvalue"))
		require.Equal(t, c.want, parsed.isFor(c.key), "%q %q", c.line, c.key)
		if c.want {
			require.Equal(t, c.key, parsed.key())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "0\n", "0\nk\nv", "1795545130abc\nsome%20key\n\x00\x00\x00\x02\x00", "1e400\n%\n%", "\n\n\n"} {
		f.Add([]byte(seed), "key")
	}
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		c := parse(data)
		require.LessOrEqual(t, c.valueAt, len(data))
		require.True(t, c.isFor(c.key()))

		own := append(header(key, c.expiry), data...)
		back := parse(own)
		require.Equal(t, key, back.key())
		require.True(t, back.isFor(key))
		require.Equal(t, c.expiry, back.expiry)
		require.Equal(t, data, own[back.valueAt:])
	})
}
