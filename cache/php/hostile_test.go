package php_test

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestDecode_AllocatesNoMoreThanASmallMultipleOfItsInput(t *testing.T) {
	for i, in := range append(hostile(), []byte("a:200000:{"+strings.Repeat("i:0;N;", 200_000)+"}"),
		[]byte("a:100000:{"+strings.Repeat(`s:1:"a";N;`, 100_000)+"}"), distinctKeys(50_000),
		// Each of many nested counts would fit alone.
		[]byte(strings.Repeat("a:90000:{i:0;", 500)+strings.Repeat("i:0;N;", 100_000)),
		[]byte("\x00\x00\x00\x02"+strings.Repeat("\x16\x00\x01\x00\x00\x06\x00", 500)+strings.Repeat("\x06\x00\x00", 100_000))) {
		requireAllocates(t, 8<<10+60*len(in), func() { _, _ = php.Decode(in) }, "input %d: %.60q", i, in)
	}
}

// requireAllocates holds what a call allocates below a limit. The runtime counts
// for the whole process, so that the least of some calls is what counts.
func requireAllocates(t *testing.T, limit int, call func(), what ...any) {
	t.Helper()
	least := math.MaxInt
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		call()
		runtime.ReadMemStats(&after)
		if least = min(least, int(after.TotalAlloc-before.TotalAlloc)); least < limit {
			return
		}
	}
	require.Less(t, least, limit, what...)
}

func distinctKeys(n int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "a:%d:{", n)
	for i := range n {
		k := "k" + strconv.FormatInt(int64(i), 36)
		fmt.Fprintf(&b, `s:%d:"%s";N;`, len(k), k)
	}
	b.WriteString("}")
	return []byte(b.String())
}

func TestUnmarshal_BoundsWhatAFewBytesStandFor(t *testing.T) {
	for i, in := range hostile() {
		for _, v := range targets() {
			requireAllocates(t, 1<<20+2000*len(in), func() { _ = php.Unmarshal(in, v) }, "input %d into %T", i, v)
		}
	}
	var n node
	err := php.Unmarshal([]byte(`O:1:"A":1:{s:4:"self";r:1;}`), &n)
	require.ErrorContains(t, err, "nested too deep")
	var a struct{ A []node }
	err = php.Unmarshal([]byte(`a:1:{s:1:"A";a:1:{i:0;a:1:{s:4:"List";R:2;}}}`), &a)
	require.ErrorContains(t, err, "nested too deep")
}

func TestDecode_RefusesNestingBeyondItsLimit(t *testing.T) {
	nested := func(n int) (serialized, igbinary []byte) {
		return []byte(strings.Repeat("a:1:{i:0;", n) + "N;" + strings.Repeat("}", n)),
			[]byte("\x00\x00\x00\x02" + strings.Repeat("\x14\x01\x06\x00", n) + "\x00")
	}
	s, ig := nested(php.MaxDepth)
	for _, in := range [][]byte{s, ig} {
		v, err := php.Decode(in)
		require.NoError(t, err)
		out, err := php.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, string(s), string(out))
	}
	s, ig = nested(php.MaxDepth + 1)
	for _, in := range [][]byte{s, ig} {
		_, err := php.Decode(in)
		require.ErrorContains(t, err, "nested too deep at byte ")
	}
}

func TestDecode_RefusesIgbinaryThatNamesTheSameTooOften(t *testing.T) {
	all := hostile()
	for _, in := range all[len(all)-3:] {
		_, err := php.Decode(in)
		require.Error(t, err)
	}
}
