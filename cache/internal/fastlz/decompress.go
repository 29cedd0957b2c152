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

// MaxLen is the most that a stream of n bytes can decompress to: whoever was
// told a larger length need not try.
func MaxLen(n int) int { return n * maxRatio }

// nearest distance of a level-2 match with a distance of two more bytes.
const level2Near = 8191

// Decompress appends the content of src to dst, which must have the capacity
// for it: a stream that holds more than cap(dst)-len(dst) bytes is refused,
// and so is one that ends early or refers to bytes before its start. Errors
// unwrap to [ErrCorrupt] and name the offset in src.
func Decompress(dst, src []byte) ([]byte, error) {
	if len(src) == 0 {
		return dst, nil
	}
	level := src[0]>>5 + 1
	if level > 2 {
		return dst, fmt.Errorf("%w: unknown level %d", ErrCorrupt, level)
	}
	d := decoder{src: src, out: dst[:len(dst):cap(dst)], start: len(dst), level2: level == 2}
	for first := true; d.at < len(src); first = false {
		op := int(src[d.at])
		if first {
			op &= 31
		}
		at := d.at
		d.at++
		ok := false
		if op < 32 {
			ok = d.literals(op + 1)
		} else {
			ok = d.match(op)
		}
		if !ok {
			return dst, fmt.Errorf("%w at byte %d", ErrCorrupt, at)
		}
	}
	return d.out, nil
}

type decoder struct {
	src    []byte
	at     int
	out    []byte
	start  int // of our own bytes in out
	level2 bool
}

func (d *decoder) literals(n int) bool {
	if n > len(d.src)-d.at || n > cap(d.out)-len(d.out) {
		return false
	}
	d.out = append(d.out, d.src[d.at:d.at+n]...)
	d.at += n
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
	from := len(d.out) - distance
	if from < d.start || length > cap(d.out)-len(d.out) {
		return false
	}
	// Where the source overlaps the target it repeats, doubling each time.
	for length > 0 {
		n := min(length, len(d.out)-from)
		d.out = append(d.out, d.out[from:from+n]...)
		length -= n
	}
	return true
}
