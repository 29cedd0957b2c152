package fastlz_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/internal/fastlz"
)

func decompress(src []byte, size int) ([]byte, error) {
	return fastlz.Decompress(make([]byte, 0, size), src)
}

// texts are of the kinds that matter: nothing, short, repeated, CSS, noise,
// and more than the window.
func texts() map[string][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	css := func(n int) []byte {
		var b strings.Builder
		for b.Len() < n {
			fmt.Fprintf(&b, ".mosparo__%d > .x-%d{color:#%06x;padding:%dpx 2em}\n", rnd.IntN(50), rnd.IntN(9), rnd.IntN(1<<24), rnd.IntN(20))
		}
		return []byte(b.String()[:n])
	}
	all := map[string][]byte{
		"css": css(20_000), "long css": css(300_000), "zeros": make([]byte, 100_000),
		"far": append(append(noise(9000), noise(40_000)...), noise(9000)...),
	}
	for n := range 70 {
		all[fmt.Sprintf("noise %d", n)] = noise(n)
		all[fmt.Sprintf("zeros %d", n)] = make([]byte, n)
		all[fmt.Sprintf("css %d", n)] = css(n)
	}
	for _, n := range []int{262, 263, 264, 265, 266, 267, 527, 528, 529, 8191, 8192, 8193, 8194} {
		pattern := noise(n)
		all[fmt.Sprintf("pattern of %d", n)] = bytes.Repeat(pattern, 3)
		all[fmt.Sprintf("run of %d", n)] = append(append([]byte("start"), bytes.Repeat([]byte{7}, n)...), "end"...)
	}
	return all
}

func TestDecompress_GivesBackWhatWasCompressed(t *testing.T) {
	for name, text := range texts() {
		stream := fastlz.Compress(nil, text)
		got, err := decompress(stream, len(text))
		require.NoError(t, err, name)
		require.True(t, bytes.Equal(text, got), name)
		require.LessOrEqual(t, len(text), fastlz.MaxLen(len(stream)), name)
		require.LessOrEqual(t, len(stream), len(text)+len(text)/32+1, name)
		if len(text) > 0 {
			_, err = decompress(stream, len(text)-1)
			require.ErrorIs(t, err, fastlz.ErrCorrupt, name)
			if len(stream) > 1 {
				short, err := decompress(stream[:len(stream)-1], len(text))
				require.True(t, err != nil || len(short) < len(text), name)
			}
		}
	}
}

func TestCompress_MakesTextSmaller(t *testing.T) {
	for name, share := range map[string]float64{"css": 0.6, "long css": 0.6, "zeros": 0.02} {
		text := texts()[name]
		require.Less(t, float64(len(fastlz.Compress(nil, text))), share*float64(len(text)), name)
	}
}

func TestDecompress_AppendsAndReadsNothingBefore(t *testing.T) {
	text := bytes.Repeat([]byte("abc"), 100)
	got, err := fastlz.Decompress(append(make([]byte, 0, 400), "head:"...), fastlz.Compress(nil, text))
	require.NoError(t, err)
	require.Equal(t, "head:"+string(text), string(got))
	// A match that reaches for what stood in dst.
	_, err = fastlz.Decompress(append(make([]byte, 0, 400), "head:"...), []byte{0, 'x', 1 << 5, 1})
	require.ErrorIs(t, err, fastlz.ErrCorrupt)
}

// Level 2, which PHP writes from 65,536 bytes on, with its long lengths and
// far distances.
func TestDecompress_Level2(t *testing.T) {
	const level2 = 1 << 5
	for name, c := range map[string]struct {
		src  []byte
		want string
	}{
		"literals":    {[]byte{level2 | 2, 'a', 'b', 'c'}, "abc"},
		"short match": {[]byte{level2, 'a', 1 << 5, 0}, "aaaa"},
		"long match":  {[]byte{level2 | 1, 'a', 'b', 7 << 5, 255, 255, 3, 1}, strings.Repeat("ab", 262)},
	} {
		got, err := decompress(c.src, 1000)
		require.NoError(t, err, name)
		require.Equal(t, c.want, string(got), name)
	}
	// "far": 9,000 bytes of nothing between two words.
	src := []byte{level2 | 3, 'w', 'o', 'r', 'd', 0, 0}
	src = append(src, 7<<5)
	src = append(src, bytes.Repeat([]byte{255}, 35)...)
	src = append(src, 66, 0) // 9 + 35*255 + 66 = 9000 further zeros
	distance := 4 + 1 + 9000 - 8191 - 1
	src = append(src, 2<<5|31, 255, byte(distance>>8), byte(distance))
	got, err := decompress(src, 10_000)
	require.NoError(t, err)
	require.Equal(t, "word"+strings.Repeat("\x00", 9001)+"word", string(got))
}

func TestDecompress_RefusesDamage(t *testing.T) {
	for name, src := range map[string][]byte{
		"level 3": {2 << 5, 'a'}, "level 8": {7 << 5, 'a'}, "no literals": {5, 'a'}, "match before the start": {0, 'a', 1 << 5, 1},
		"match without distance": {0, 'a', 1 << 5}, "match without length": {0, 'a', 7 << 5}, "length without end": {1 << 5, 'a', 7 << 5, 255, 255},
		"half a far distance": {1 << 5, 'a', 1<<5 | 31, 255, 1},
	} {
		_, err := decompress(src, 1000)
		require.ErrorIs(t, err, fastlz.ErrCorrupt, name)
	}
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte{0, 'a', 1 << 5, 0}, uint16(10))
	f.Add([]byte{1 << 5, 'a', 7 << 5, 255, 0, 0}, uint16(300))
	f.Add(fastlz.Compress(nil, texts()["css 60"]), uint16(60))
	f.Fuzz(func(t *testing.T, src []byte, size uint16) {
		out, err := decompress(src, int(size))
		if len(out) > int(size) || cap(out) > int(size) && size > 0 {
			t.Fatalf("%d bytes where there is room for %d", len(out), size)
		}
		if err == nil && len(out) > fastlz.MaxLen(len(src)) {
			t.Fatalf("%d bytes grew to %d", len(src), len(out))
		}
		// What the bytes are as a text survives both ways.
		back, err := decompress(fastlz.Compress(nil, src), len(src))
		if err != nil || !bytes.Equal(back, src) {
			t.Fatalf("round trip: %v", err)
		}
	})
}

func Example() {
	text := bytes.Repeat([]byte("body{color:red}"), 200)
	stream := fastlz.Compress(nil, text)
	back, err := fastlz.Decompress(make([]byte, 0, len(text)), stream)
	fmt.Println(len(text), len(stream), bytes.Equal(back, text), err)
	// Output: 3000 52 true <nil>
}

// twoThirds returns CSS that shrinks to about two thirds.
func twoThirds(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, ".m%08x{color:#%08x;top:%d.%dpx}\n", rnd.Uint32(), rnd.Uint32(), rnd.IntN(1000), rnd.IntN(10))
	}
	return []byte(b.String()[:n])
}

func Benchmark(b *testing.B) {
	for name, text := range map[string][]byte{"css": texts()["css"], "two thirds": twoThirds(20_000)} {
		stream := fastlz.Compress(nil, text)
		b.Run("Compress/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			dst := make([]byte, 0, 2*len(text))
			for b.Loop() {
				fastlz.Compress(dst, text)
			}
		})
		b.Run("Decompress/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			dst := make([]byte, 0, len(text))
			for b.Loop() {
				if _, err := fastlz.Decompress(dst, stream); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
