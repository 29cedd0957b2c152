package php_test

import (
	"bytes"
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
		for _, v := range reached(in) {
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

// reached are the targets that matter to an input: one, if it is igbinary that is
// refused before it gets to any.
func reached(in []byte) []any {
	all := targets()
	if !bytes.HasPrefix(in, []byte{0}) {
		return all
	}
	if _, err := php.Decode(in); err != nil {
		return all[:1]
	}
	return all
}

func TestDecode_RefusesNestingBeyondItsLimit(t *testing.T) {
	nested := func(n int) (serialized, igbinary []byte) {
		return []byte(strings.Repeat("a:1:{i:0;", n) + "N;" + strings.Repeat("}", n)),
			[]byte("\x00\x00\x00\x02" + strings.Repeat("\x14\x01\x06\x00", n) + "\x00")
	}
	s, ig := nested(512)
	for _, in := range [][]byte{s, ig} {
		v, err := php.Decode(in)
		require.NoError(t, err)
		out, err := php.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, string(s), string(out))
	}
	s, ig = nested(512 + 1)
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

// entity reads itself with Assign, and so do its parts.
type entity struct {
	A, B, Self *entity
	List       []entity
}

func (e *entity) UnmarshalPHP(v any) error {
	type plain entity
	return php.Assign((*plain)(e), v)
}

// doublingGraph is 40 objects, each of which names the one before twice.
func doublingGraph() []byte {
	var b strings.Builder
	b.WriteString(`a:40:{i:0;O:1:"A":0:{}`)
	for i, last := 1, 2; i < 40; i++ {
		fmt.Fprintf(&b, `i:%d;O:1:"A":2:{s:1:"A";r:%d;s:1:"B";r:%d;}`, i, last, last)
		last += 1 + 2*min(i-1, 1)
	}
	b.WriteString("}")
	return []byte(b.String())
}

func TestAssign_BoundsWhatAFewPartsStandFor(t *testing.T) {
	for i, in := range append(hostile(), doublingGraph(), []byte(`O:1:"A":2:{s:4:"self";r:1;s:4:"List";a:2:{i:0;r:1;i:1;r:1;}}`)) {
		v, err := php.Decode(in)
		if err != nil {
			continue
		}
		for _, dst := range append(targets(), new(entity), new([]entity), new(map[string]entity)) {
			requireAllocates(t, 1<<20+4000*len(in), func() { _ = php.AssignAny(dst, v) }, "input %d into %T", i, dst)
			requireAllocates(t, 1<<20+4000*len(in), func() { _ = php.Unmarshal(in, dst) }, "input %d into %T", i, dst)
		}
	}
	v, err := php.Decode(doublingGraph())
	require.NoError(t, err)
	for _, dst := range []any{new([]node), new([]entity)} {
		var syntax *php.SyntaxError
		require.ErrorAs(t, php.AssignAny(dst, v), &syntax)
		require.ErrorContains(t, php.Unmarshal(doublingGraph(), dst), "too often")
	}
	v, err = php.Decode([]byte(`O:1:"A":1:{s:4:"self";r:1;}`))
	require.NoError(t, err)
	require.ErrorContains(t, php.Assign(new(entity), v), "nested too deep")
}

func TestAssign_TakesLargeValues(t *testing.T) {
	list := php.List(make([]any, 300_000)...)
	for i := range list.Elements {
		list.Elements[i].Value = int64(i)
	}
	var got []int
	require.NoError(t, php.Assign(&got, list))
	require.Len(t, got, 300_000)
	// The same object in some places is what PHP writes for one that is shared.
	shared := &php.Object{Class: "A", Props: []php.Prop{{Key: php.Key{Str: "A"}, Value: php.List(int64(1), int64(2))}}}
	var nodes []struct{ A []int }
	require.NoError(t, php.Assign(&nodes, php.List(shared, shared, shared)))
	require.Equal(t, []int{1, 2}, nodes[2].A)
	var entities []entity
	require.NoError(t, php.Assign(&entities, php.List(&php.Object{Class: "A"}, &php.Object{Class: "A"})))
	require.Len(t, entities, 2)
}
