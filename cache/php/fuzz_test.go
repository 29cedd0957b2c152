package php_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
)

func seed(f *testing.F) {
	f.Helper()
	for _, c := range valueCases(f) {
		if len(c.Serialize) < 2000 {
			f.Add(c.Serialize)
			f.Add(c.Igbinary)
		}
	}
	for _, c := range storedCases(f) {
		f.Add(c.Raw)
	}
	for _, in := range hostile() {
		f.Add(in)
	}
}

// FuzzDecode: what was read can be written, and reads the same again; no input
// costs more than a small multiple of itself.
func FuzzDecode(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		var v any
		var err error
		requireAllocates(t, 256<<10+100*len(in), func() { v, err = php.Decode(in) }) // a zone may be loaded
		if err != nil {
			var syntax *php.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.LessOrEqual(t, syntax.Offset, len(in))
			require.Equal(t, false, php.IsNull(in))
			return
		}
		if php.IsNull(in) {
			require.Nil(t, unwrapped(v))
		}
		written, err := php.Marshal(v)
		if err != nil {
			return // a date beyond year 9999, a cycle through references
		}
		require.Equal(t, unwrapped(v) == nil, php.IsNull(written))
		again, err := php.Decode(written)
		require.NoError(t, err, "%q", written)
		twice, err := php.Marshal(again)
		require.NoError(t, err)
		if in[0] == 0 {
			// igbinary can hold "5" as a key, which serialize() makes an int of.
			written = twice
			again, err = php.Decode(twice)
			require.NoError(t, err)
			twice, err = php.Marshal(again)
			require.NoError(t, err)
		}
		require.Equal(t, string(written), string(twice))
	})
}

// node can hold any tree, also an endless one.
type node struct {
	A, B  *node
	Next  *node `php:"self"`
	List  []node
	Map   map[string]node
	Bytes []byte
	N     int8
}

// FuzzUnmarshal: Go values of every kind take any input or refuse it, within
// bounds.
func FuzzUnmarshal(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, v := range reached(in) {
			if php.Unmarshal(in, v) == nil {
				_, err := php.Marshal(v)
				if err != nil {
					require.ErrorContains(t, err, "php: cannot write")
				}
			}
		}
	})
}

func targets() []any {
	return []any{
		new(any), new(string), new([]byte), new(int64), new(int8), new(uint16), new(float32), new(bool),
		new([]any), new([]int), new([][]byte), new([3]string), new(map[string]any), new(map[int]string), new(map[string]map[string][]byte),
		new(node), new(*node), new(*php.Array), new(php.Object), new(*php.DateTime),
	}
}

// hostile are inputs that claim or name more than they hold.
func hostile() [][]byte {
	var doubling strings.Builder // each array names the one before twice
	doubling.WriteString("a:40:{i:0;O:1:\"A\":1:{s:1:\"A\";N;}")
	for i := 1; i < 40; i++ {
		// Object i is slot 3i-1: itself and two names before it.
		n := 2 + 3*(i-1)
		if i > 1 {
			n = 4 + 3*(i-2)
		}
		doubling.WriteString("i:" + itoa(i) + ";O:1:\"A\":2:{s:1:\"A\";r:" + itoa(n) + ";s:1:\"B\";r:" + itoa(n) + ";}")
	}
	doubling.WriteString("}")
	igDoubling := []byte("\x00\x00\x00\x02\x14\x20\x06\x00\x14\x01\x06\x00\x06\x01")
	for i := byte(1); i < 32; i++ {
		igDoubling = append(igDoubling, 0x06, i, 0x14, 2, 6, 0, 1, i, 6, 1, 1, i)
	}
	igString := append([]byte("\x00\x00\x00\x02\x15\x40\x00\x06\x00\x12\xff\xff"), make([]byte, 0xffff)...)
	for i := 1; i < 0x4000; i++ {
		igString = append(igString, 0x08, byte(i>>8), byte(i), 0x0e, 0)
	}
	igDeep := []byte("\x00\x00\x00\x02\x14\x40")
	for i := range byte(0x40) {
		// 400 arrays, the innermost of which is a copy of the row before.
		igDeep = append(igDeep, 6, i)
		for range 400 {
			igDeep = append(igDeep, 0x14, 1, 6, 0)
		}
		if i == 0 {
			igDeep = append(igDeep, 0)
		} else {
			n := 1 + 400*(int(i)-1)
			igDeep = append(igDeep, 2, byte(n>>8), byte(n))
		}
	}
	return [][]byte{
		[]byte(`s:9999999999:"a";`), []byte(`a:2147483647:{}`), []byte(`a:9223372036854775807:{}`), []byte(`O:8:"stdClass":99999999:{}`),
		[]byte(`s:18446744073709551615:"";`), []byte(`S:4294967295:"";`), []byte(`a:-1:{}`), []byte(`s:-1:"";`), []byte(`s:2147483648:"a";`), []byte(`s:4294967295:"a";`),
		[]byte("\x00\x00\x00\x02\x13\xff\xff\xff\xff"), []byte("\x00\x00\x00\x02\x16\xff\xff\xff\xff"), []byte("\x00\x00\x00\x02\x19\xff\xff\xff\xffA"),
		[]byte("\x00\x00\x00\x02\x17\x01A\x16\x7f\xff\xff\xff"), []byte("\x00\x00\x00\x02\x10\xff\xff\xff\xff"), []byte("\x00\x00\x00\x02\x03\xff\xff\xff\xff"),
		[]byte(strings.Repeat("a:1:{i:0;", 100_000)), []byte(strings.Repeat(`O:1:"A":1:{i:0;`, 100_000)),
		[]byte("\x00\x00\x00\x02" + strings.Repeat("\x14\x01\x06\x00", 100_000)), []byte("\x00\x00\x00\x02" + strings.Repeat("\x25", 100_000)),
		[]byte(`a:1:{i:0;a:1:{i:0;R:2;}}`), []byte(`O:1:"A":1:{s:4:"self";r:1;}`), []byte(`a:2:{i:0;O:1:"A":0:{}i:0;r:2;}`),
		[]byte("O:1:\"\xa9\":1:{s:6:\"aaaaaa\";r:1;}"), []byte("O:1:\"\xa9\":0:{}"),
		[]byte("r:1;"), []byte("R:1;"), []byte("a:1:{i:0;R:1;}"), []byte(`O:8:"DateTime":1:{s:4:"date";r:1;}`),
		[]byte(doubling.String()), igDoubling, igString, igDeep,
	}
}
