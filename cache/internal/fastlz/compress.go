package fastlz

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

const (
	hashBits    = 13
	maxDistance = 8192
	minMatch    = 4 // a shorter one would save nothing between literals
	maxMatch    = 264
	maxLiterals = 32
	// tail is how many bytes at the end are never looked up.
	tail = 8
)

// Compress appends src as a stream of level 1 to dst; every version of the
// extension reads it. When src does not compress the stream is longer than it
// by a byte in 32. An empty src gives an empty stream.
func Compress(dst, src []byte) []byte {
	n := len(dst)
	w := writer{out: slices.Grow(dst, MaxCompressedLen(len(src)))[:n+MaxCompressedLen(len(src))], n: n}
	// The last place with each hash, without the bits above the lowest 16: whether it is
	// a match is checked anyway.
	var last [1 << hashBits]uint16
	literals := 0 // start of what is not yet written
	for at := 1; at+tail <= len(src); {
		word := binary.LittleEndian.Uint32(src[at:])
		slot := &last[hash(word)]
		distance := int(uint16(at) - *slot)
		*slot = uint16(at)
		from := at - distance
		if binary.LittleEndian.Uint32(src[from:]) != word || uint(distance-1) >= maxDistance {
			at++
			continue
		}
		length := matchLen(src, from, at)
		w.literals(src, literals, at)
		w.match(distance-1, length)
		at += length
		literals = at
	}
	w.literals(src, literals, len(src))
	return w.out[:w.n]
}

// MaxCompressedLen returns the length that a stream of n bytes has at most.
func MaxCompressedLen(n int) int { return n + (n+maxLiterals-1)/maxLiterals }

func hash(word uint32) uint32 { return word * 2654435761 >> (32 - hashBits) }

// matchLen returns for how many bytes src goes on alike at both positions, at most
// maxMatch; the first minMatch are known to.
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

// writer writes a stream into a slice that is long enough.
type writer struct {
	out []byte
	n   int // how much of it is written
}

// literals writes src from one offset to another. Where there is room for a whole
// chunk it copies that: faster than a call for each of many short copies.
func (w *writer) literals(src []byte, from, to int) {
	for from < to {
		length := min(to-from, maxLiterals)
		w.out[w.n] = byte(length - 1)
		target, source := w.out[w.n+1:], src[from:]
		if len(target) >= maxLiterals && len(source) >= maxLiterals {
			*(*[maxLiterals]byte)(target) = *(*[maxLiterals]byte)(source)
		} else {
			copy(target, source[:length])
		}
		w.n += 1 + length
		from += length
	}
}

func (w *writer) match(distance, length int) {
	length -= 2
	if length < 7 {
		target := w.out[w.n : w.n+2]
		target[0], target[1] = byte(length<<5|distance>>8), byte(distance)
		w.n += 2
		return
	}
	target := w.out[w.n : w.n+3]
	target[0], target[1], target[2] = byte(7<<5|distance>>8), byte(length-7), byte(distance)
	w.n += 3
}
