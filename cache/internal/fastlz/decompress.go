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
	if at := d.run(); at < len(src) {
		return dst, fmt.Errorf("%w at byte %d", ErrCorrupt, at)
	}
	return d.out[:d.n], nil
}

type decoder struct {
	src    []byte
	out    []byte // all of the capacity
	n      int    // how much of it is written
	start  int    // of our own bytes in out
	level2 bool
}

// chunk is how many bytes one copy takes where there is room for more than is
// asked for: faster than a call for each of many short copies.
const chunk = 16

// run decodes all of src, which is not empty, and returns the offset of what is
// wrong, or the length of src.
func (d *decoder) run() int {
	src, out, n := d.src, d.out, d.n
	op := int(src[0]) & 31
	for at := 0; ; {
		next, length := at+1, op+1
		if op < 32 {
			from, to := src[next:], out[n:]
			switch {
			case length > len(from) || length > len(to):
				return at
			case length <= chunk && len(from) >= chunk && len(to) >= chunk:
				*(*[chunk]byte)(to) = *(*[chunk]byte)(from)
			default:
				copy(to, from[:length])
			}
			next += length
		} else {
			var distance int
			if length, distance, next = d.match(op, next); next == 0 || n-distance < d.start || length > len(out)-n {
				return at
			}
			from, to := out[n-distance:], out[n:]
			if length <= chunk && length <= distance && len(to) >= chunk {
				*(*[chunk]byte)(to) = *(*[chunk]byte)(from)
			} else {
				// Where the source overlaps the target it repeats, doubling each time.
				for done := 0; done < length; {
					done += copy(to[done:length], from[:distance+done])
				}
			}
		}
		n += length
		if next >= len(src) {
			d.n = n
			return len(src)
		}
		at, op = next, int(src[next])
	}
}

// match reads what follows the first byte of a match: three bits of that are
// length, five distance, then come the rest of both. next is 0 if the stream ends
// before.
func (d *decoder) match(op, at int) (length, distance, next int) {
	length, distance = op>>5+2, op&31<<8
	if op>>5 == 7 {
		for {
			if at >= len(d.src) {
				return 0, 0, 0
			}
			more := int(d.src[at])
			at++
			length += more
			if !d.level2 || more != 255 {
				break
			}
		}
	}
	if at >= len(d.src) {
		return 0, 0, 0
	}
	distance += int(d.src[at]) + 1
	at++
	if d.level2 && distance == level2Near+1 {
		if at+1 >= len(d.src) {
			return 0, 0, 0
		}
		distance += int(d.src[at])<<8 | int(d.src[at+1])
		at += 2
	}
	return length, distance, at
}
