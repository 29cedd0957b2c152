// Package phpstring reads serialized PHP strings without copying them, for
// callers that own the bytes. A package outside this folder uses cache/php,
// which copies.
package phpstring

import "encoding/binary"

// Bytes returns the text of a whole value that is a string, as PHP's
// serialize() or igbinary write it: a part of data. It returns false for
// everything else. Bytes after a serialize() value are ignored, as in PHP.
func Bytes(data []byte) ([]byte, bool) {
	if len(data) >= 5 && data[0] == 0 && data[1] == 0 && data[2] == 0 && (data[3] == 1 || data[3] == 2) {
		return igbinary(data[4:])
	}
	if len(data) < 6 || data[0] != 's' || data[1] != ':' {
		return nil, false
	}
	n, i := 0, 2
	for ; i < len(data) && i < 11 && '0' <= data[i] && data[i] <= '9'; i++ { // within 32 bits
		n = n*10 + int(data[i]-'0')
	}
	// :"…";
	if i == 2 || len(data)-i < n+4 || data[i] != ':' || data[i+1] != '"' {
		return nil, false
	}
	end := i + 2 + n
	if data[end] != '"' || data[end+1] != ';' {
		return nil, false
	}
	return data[i+2 : end : end], true
}

// igbinary reads a tag for strings with 8, 16 or 32 bits of length, the length
// and the text.
func igbinary(data []byte) ([]byte, bool) {
	const tag8 = 0x11
	size := int(data[0]) - tag8
	if size < 0 || size > 2 || len(data) < 1+1<<size {
		return nil, false
	}
	length, text := data[1:1+1<<size], data[1+1<<size:]
	var n uint32
	switch size {
	case 0:
		n = uint32(length[0])
	case 1:
		n = uint32(binary.BigEndian.Uint16(length))
	default:
		n = binary.BigEndian.Uint32(length)
	}
	return text[:len(text):len(text)], uint64(n) == uint64(len(text))
}
