package fastlz

import (
	"encoding/binary"
	"math/bits"
)

const (
	hashBits    = 13
	maxDistance = 8192
	minMatch    = 3
	maxMatch    = 264
	maxLiterals = 32
	// tail is how many bytes at the end are never looked up.
	tail = 4
)

// Compress appends src as a stream of level 1 to dst; every version of the
// extension reads it. When src does not compress the stream is longer than it
// by a byte in 32. An empty src gives an empty stream.
func Compress(dst, src []byte) []byte {
	var last [1 << hashBits]int32 // position + 1 of the last place with that hash
	literals := 0                 // start of what is not yet written
	for at := 0; at+tail <= len(src); {
		word := binary.LittleEndian.Uint32(src[at:])
		slot := &last[hash(word)]
		from := int(*slot) - 1
		*slot = int32(at + 1)
		if from < 0 || at-from > maxDistance || differs(src, from, word) {
			at++
			continue
		}
		n := matchLen(src, from, at)
		dst = appendLiterals(dst, src[literals:at])
		dst = appendMatch(dst, at-from-1, n)
		at += n
		literals = at
	}
	return appendLiterals(dst, src[literals:])
}

// hash of the first three of four bytes.
func hash(word uint32) uint32 { return word << 8 * 2654435761 >> (32 - hashBits) }

func differs(src []byte, from int, word uint32) bool {
	return (binary.LittleEndian.Uint32(src[from:])^word)<<8 != 0
}

// matchLen returns for how many bytes src goes on alike at both positions, at most
// maxMatch; the first three are known to.
func matchLen(src []byte, from, at int) int {
	a, b := src[from:], src[at:]
	b = b[:min(len(b), maxMatch)]
	n := minMatch
	for n+8 <= len(b) {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func appendLiterals(dst, src []byte) []byte {
	for len(src) > maxLiterals {
		dst = append(append(dst, maxLiterals-1), src[:maxLiterals]...)
		src = src[maxLiterals:]
	}
	if len(src) > 0 {
		dst = append(append(dst, byte(len(src)-1)), src...)
	}
	return dst
}

func appendMatch(dst []byte, distance, n int) []byte {
	n -= 2
	if n < 7 {
		return append(dst, byte(n<<5|distance>>8), byte(distance))
	}
	return append(dst, byte(7<<5|distance>>8), byte(n-7), byte(distance))
}
