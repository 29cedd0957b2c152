package memcachedadapter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/internal/fastlz"
	"github.com/mosparo/go-cluster/cache/php"
)

// The flags of an item as PHP's memcached extension sets them. The upper 16
// bits are the user's and mean nothing here.
const (
	typeMask     = 0xf
	typeString   = 0
	typeLong     = 1
	typeDouble   = 2
	typeBool     = 3
	typePHP      = 4
	typeIgbinary = 5
	typeJSON     = 6
	typeMsgpack  = 7

	flagCompressed = 1 << 4
	flagZlib       = 1 << 5
	flagFastLZ     = 1 << 6
	flagZstd       = 1 << 7
)

// errCorrupt means that the bytes of an item do not match its flags.
var errCorrupt = errors.New("corrupt item")

// errType means that an item is not a string: another program than Symfony wrote
// it.
var errType = fmt.Errorf("%w: the item is not a string", errors.ErrUnsupported)

// Decode returns the content of an item that PHP's memcached extension has
// stored with these flags: strings, serialize() and igbinary as they are,
// integers, floats and booleans as serialize() would write them. It reads
// uncompressed items and FastLZ, zlib and zstd. The result may be raw itself.
//
// The length that a compressed item claims is checked against limit in bytes (0
// for none) and against what its bytes can hold before memory is taken, and
// against the result afterwards. Errors: [cache.ErrTooLarge]; JSON and msgpack,
// whose meaning depends on an option of the reader, unwrap to
// [errors.ErrUnsupported]; all others mean a damaged item, which PHP treats as a
// miss.
func Decode(raw []byte, flags uint32, limit int) ([]byte, error) {
	b, err := expand(raw, flags, limit)
	if err != nil {
		return nil, err
	}
	switch flags & typeMask {
	case typeString, typePHP, typeIgbinary:
		return b, nil
	case typeLong:
		n, err := strconv.ParseInt(string(b), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: no integer", errCorrupt)
		}
		return php.Marshal(n)
	case typeDouble:
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			return nil, fmt.Errorf("%w: no number", errCorrupt)
		}
		return php.Marshal(f)
	case typeBool:
		return php.Marshal(string(b) == "1")
	case typeJSON:
		return nil, fmt.Errorf("%w but JSON", errType)
	case typeMsgpack:
		return nil, fmt.Errorf("%w but msgpack", errType)
	}
	return nil, fmt.Errorf("%w but of the unknown type %d", errType, flags&typeMask)
}

// decodeString is [Decode] for the items that Symfony stores, all of which are
// strings.
func decodeString(raw []byte, flags uint32, limit int) ([]byte, error) {
	if t := flags & typeMask; t != typeString {
		return nil, fmt.Errorf("%w but of type %d", errType, t)
	}
	return expand(raw, flags, limit)
}

// lengthSize is the length in front of a compressed item.
const lengthSize = 4

// expand undoes the compression.
func expand(raw []byte, flags uint32, limit int) ([]byte, error) {
	if flags&flagCompressed == 0 {
		if limit > 0 && len(raw) > limit {
			return nil, fmt.Errorf("%w: %d bytes", cache.ErrTooLarge, len(raw))
		}
		return raw, nil
	}
	if len(raw) < lengthSize {
		return nil, fmt.Errorf("%w: %d bytes are no compressed item", errCorrupt, len(raw))
	}
	claimed, stream := int64(binary.LittleEndian.Uint32(raw)), raw[lengthSize:]
	if claimed > math.MaxInt32 || limit > 0 && claimed > int64(limit) {
		return nil, fmt.Errorf("%w: %d bytes when decompressed", cache.ErrTooLarge, claimed)
	}
	var b []byte
	var err error
	switch size := int(claimed); {
	case flags&flagFastLZ != 0:
		b, err = expandFastLZ(stream, size)
	case flags&flagZlib != 0:
		b, err = expandZlib(stream, size)
	case flags&flagZstd != 0:
		b, err = expandZstd(stream, size)
	default:
		err = errors.New("unknown compression")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return b, nil
}

// errLength says that the result is not as long as claimed.
var errLength = errors.New("the length is not the claimed one")

func expandFastLZ(stream []byte, size int) ([]byte, error) {
	if size > fastlz.MaxLen(len(stream)) {
		return nil, errLength
	}
	b, err := fastlz.Decompress(make([]byte, 0, size), stream)
	if err == nil && len(b) != size {
		err = errLength
	}
	return b, err
}

// maxZlibRatio is more than deflate can reach.
const maxZlibRatio = 1040

func expandZlib(stream []byte, size int) ([]byte, error) {
	if size/maxZlibRatio > len(stream) {
		return nil, errLength
	}
	z, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return readExactly(z, size)
}

func expandZstd(stream []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(stream); err != nil {
		return nil, err
	}
	if h.HasFCS && h.FrameContentSize != uint64(size) {
		return nil, errLength
	}
	z, err := zstd.NewReader(bytes.NewReader(stream), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return readExactly(z, size)
}

// step is how much memory is taken before a stream has shown that there is
// more to come.
const step = 1 << 20

func readExactly(r io.Reader, size int) ([]byte, error) {
	b := make([]byte, min(size, step))
	for at := 0; ; {
		n, err := io.ReadFull(r, b[at:])
		if at += n; err != nil {
			return nil, err
		}
		if at == size {
			break
		}
		b = append(b, make([]byte, min(size-at, at))...)
	}
	var more [1]byte
	switch _, err := io.ReadFull(r, more[:]); {
	case err == nil:
		return nil, errLength
	case !errors.Is(err, io.EOF):
		return nil, err // a checksum, say
	}
	return b, nil
}

// compression is the format in which an adapter writes long values. PHP reads all
// of them.
type compression int

const (
	fastLZ compression = iota
	zlibStream
	uncompressed
)

// The rules of PHP's extension by default: it compresses from so many bytes
// on, when that makes a value smaller by this factor.
const (
	compressFrom   = 2000
	compressFactor = 1.3
)

// compress returns the bytes to store for a value and their flags; the
// bytes may be the value's own.
func (c compression) compress(value []byte) ([]byte, uint32) {
	if c == uncompressed || len(value) < compressFrom || len(value) > math.MaxInt32 {
		return value, typeString
	}
	out := make([]byte, lengthSize, lengthSize+fastlz.MaxCompressedLen(len(value)))
	binary.LittleEndian.PutUint32(out, uint32(len(value)))
	flags := uint32(typeString | flagCompressed | flagFastLZ)
	if c == zlibStream {
		flags = typeString | flagCompressed | flagZlib
		buf := bytes.NewBuffer(out)
		z := zlib.NewWriter(buf)
		_, _ = z.Write(value) // a buffer takes everything
		_ = z.Close()
		out = buf.Bytes()
	} else {
		out = fastlz.Compress(out, value)
	}
	if float64(len(value)) <= float64(len(out)-lengthSize)*compressFactor {
		return value, typeString
	}
	return out, flags
}
