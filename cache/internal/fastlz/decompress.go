package fastlz

import (
	"errors"
	"fmt"
)

// ErrCorrupt is what every error of [Decompress] unwraps to.
var ErrCorrupt = errors.New("corrupt FastLZ stream")

// maxRatio is more than any stream can grow to: a byte of it stands for at
// most 264 bytes on level 1 and 255 on level 2.
const maxRatio = 264

// MaxLen is the most that a stream of n bytes can decompress to: a larger claimed
// length is wrong.
func MaxLen(n int) int { return n * maxRatio }

// level2Near is the longest distance of a level-2 match without two more bytes.
const level2Near = 8191

// Decompress appends the content of src to dst, which must have the capacity
// for it: a stream that holds more than cap(dst)-len(dst) bytes is refused,
// and so is one that ends early or refers to bytes before its start. What the
// capacity holds beyond the result is undefined. Errors unwrap to [ErrCorrupt] and
// name the offset in src.
func Decompress(dst, src []byte) ([]byte, error) {
	if len(src) == 0 {
		return dst, nil
	}
	level := src[0]>>5 + 1
	if level > 2 {
		return dst, fmt.Errorf("%w: unknown level %d", ErrCorrupt, level)
	}
	d := decoder{src: src, out: dst[:cap(dst)], start: len(dst), n: len(dst), level2: level == 2}
	for op := int(src[0]) & 31; ; op = int(src[d.at]) {
		at := d.at
		d.at++
		if op < 32 && !d.literals(op+1) || op >= 32 && !d.match(op) {
			return dst, fmt.Errorf("%w at byte %d", ErrCorrupt, at)
		}
		if d.at >= len(src) {
			return d.out[:d.n], nil
		}
	}
}

type decoder struct {
	src    []byte
	at     int
	out    []byte // all of the capacity
	n      int    // how much of it is written
	start  int    // of our own bytes in out
	level2 bool
}

// chunk is how many bytes are copied at once where there is room for more than is
// asked for: faster than a call for each of many short copies.
const chunk = 16

func (d *decoder) literals(n int) bool {
	from, to := d.src[d.at:], d.out[d.n:]
	switch {
	case n > len(from) || n > len(to):
		return false
	case n <= chunk && len(from) >= chunk && len(to) >= chunk:
		*(*[chunk]byte)(to) = *(*[chunk]byte)(from)
	default:
		copy(to, from[:n])
	}
	d.at += n
	d.n += n
	return true
}

// match copies bytes that were written before: three bits of length, five of
// distance, then the rest of both.
func (d *decoder) match(op int) bool {
	length, distance := op>>5+2, op&31<<8
	if op>>5 == 7 {
		for {
			if d.at >= len(d.src) {
				return false
			}
			more := int(d.src[d.at])
			d.at++
			length += more
			if !d.level2 || more != 255 {
				break
			}
		}
	}
	if d.at >= len(d.src) {
		return false
	}
	low := int(d.src[d.at])
	d.at++
	distance += low
	if d.level2 && distance == level2Near {
		if d.at+1 >= len(d.src) {
			return false
		}
		distance += int(d.src[d.at])<<8 | int(d.src[d.at+1])
		d.at += 2
	}
	return d.copy(distance+1, length)
}

func (d *decoder) copy(distance, length int) bool {
	if d.n-distance < d.start || length > len(d.out)-d.n {
		return false
	}
	from, to := d.out[d.n-distance:], d.out[d.n:]
	d.n += length
	if length <= chunk && distance >= chunk && len(to) >= chunk {
		*(*[chunk]byte)(to) = *(*[chunk]byte)(from)
		return true
	}
	// Where the source overlaps the target it repeats, doubling each time.
	for done := 0; done < length; {
		done += copy(to[done:length], from[:distance+done])
	}
	return true
}
