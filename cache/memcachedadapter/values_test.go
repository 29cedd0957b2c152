package memcachedadapter

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/internal/fastlz"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
)

type valueCase struct {
	Name       string
	Flags      uint32
	Raw        []byte `json:"raw_b64"`
	RawGz      []byte `json:"raw_gz_b64"`
	Compressed bool
	SHA256     string `json:"decoded_sha256"`
	Len        int    `json:"decoded_len"`
	Decoded    json.RawMessage
	Value      json.RawMessage
}

func TestDecode_ReadsWhatPHPStores(t *testing.T) {
	var file struct{ Cases []valueCase }
	readVectors(t, "memcached-values", &file)
	require.NotEmpty(t, file.Cases)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			raw := c.Raw
			if raw == nil && c.RawGz != nil {
				z, err := gzip.NewReader(bytes.NewReader(c.RawGz))
				require.NoError(t, err)
				raw, err = io.ReadAll(z)
				require.NoError(t, err)
			}
			require.Equal(t, c.Compressed, c.Flags&flagCompressed != 0)
			got, err := Decode(raw, c.Flags, 1<<20)
			switch c.Flags & typeMask {
			case typeString:
				require.NoError(t, err)
				same, err := decodeString(raw, c.Flags, len(got))
				require.NoError(t, err)
				require.Equal(t, got, same)
				if len(got) > 0 {
					_, err = decodeString(raw, c.Flags, len(got)-1)
					require.ErrorIs(t, err, cache.ErrTooLarge, "the limit is kept")
				}
			case typeJSON, typeMsgpack:
				require.ErrorIs(t, err, errType)
				return
			default:
				require.NoError(t, err)
				_, err = decodeString(raw, c.Flags, 0)
				require.ErrorIs(t, err, errType)
			}
			if c.SHA256 != "" {
				sum := sha256.Sum256(got)
				require.Equal(t, c.SHA256, hex.EncodeToString(sum[:]))
				require.Len(t, got, c.Len)
			}
			if want := append(c.Decoded, c.Value...); want != nil {
				requireValue(t, want, got)
			}
		})
	}
}

// requireValue compares a described value with a stored one.
func requireValue(t *testing.T, want json.RawMessage, stored []byte) {
	t.Helper()
	v, err := php.Decode(stored)
	require.NoError(t, err)
	var long struct{ SHA256 string }
	require.NoError(t, json.Unmarshal(want, &long))
	if long.SHA256 != "" {
		sum := sha256.Sum256([]byte(v.(string)))
		require.Equal(t, long.SHA256, hex.EncodeToString(sum[:]))
		return
	}
	got, err := typedjson.Marshal(v)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

// PHP's decisions: what it compressed, and what it left as it is.
func TestCompressed_DecidesAsPHPDoes(t *testing.T) {
	var file struct{ Cases []valueCase }
	readVectors(t, "memcached-values", &file)
	n := 0
	for _, c := range file.Cases {
		kind := fastLZ
		switch {
		case strings.HasPrefix(c.Name, "zlib, "):
			kind = zlibStream
		case !strings.HasPrefix(c.Name, "fastlz, "):
			continue
		}
		value, err := decodeString(c.Raw, c.Flags, 0)
		if err != nil || strings.Contains(c.Name, "around the factor") {
			continue
		}
		n++
		out, flags := kind.compress(value)
		require.Equal(t, c.Flags&0xffff, flags, c.Name)
		back, err := decodeString(out, flags, len(value))
		require.NoError(t, err)
		require.Equal(t, value, back)
	}
	require.Greater(t, n, 20)
}

func claim(n uint32, stream []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, n), stream...)
}

func TestDecode_ReadsZstd(t *testing.T) {
	text := bytes.Repeat([]byte("body{color:red}\n"), 200_000)
	var streamed bytes.Buffer
	w, err := zstd.NewWriter(&streamed)
	require.NoError(t, err)
	_, err = w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, stream := range map[string][]byte{"with its length": w.EncodeAll(text, nil), "without": streamed.Bytes()} {
		got, err := decodeString(claim(uint32(len(text)), stream), flagCompressed|flagZstd, len(text))
		require.NoError(t, err, name)
		require.True(t, bytes.Equal(text, got), name)
		for _, wrong := range []int{0, 1, len(text) - 1, len(text) + 1, 2 * len(text)} {
			_, err = decodeString(claim(uint32(wrong), stream), flagCompressed|flagZstd, 0)
			require.ErrorIs(t, err, errCorrupt, name)
		}
	}
}

func TestDecode_RefusesLies(t *testing.T) {
	text := bytes.Repeat([]byte("body{color:red}\n"), 2000)
	var deflated bytes.Buffer
	z := zlib.NewWriter(&deflated)
	_, err := z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	streams := map[uint32][]byte{flagFastLZ: fastlz.Compress(nil, text), flagZlib: deflated.Bytes()}
	for flag, stream := range streams {
		for name, raw := range map[string][]byte{
			"shorter": claim(uint32(len(text)-1), stream), "longer": claim(uint32(len(text)+1), stream), "nothing": claim(0, stream),
			"cut": claim(uint32(len(text)), stream[:len(stream)/2]), "empty": claim(uint32(len(text)), nil), "no claim": {1, 2, 3},
			"far too long": claim(1<<31-1, stream),
		} {
			_, err := decodeString(raw, flagCompressed|flag, 0)
			require.ErrorIs(t, err, errCorrupt, name)
		}
		_, err := decodeString(claim(uint32(len(text)), stream), flagCompressed|flag, len(text)-1)
		require.ErrorIs(t, err, cache.ErrTooLarge)
		_, err = decodeString(claim(1<<32-1, stream), flagCompressed|flag, 0)
		require.ErrorIs(t, err, cache.ErrTooLarge)
	}
	_, err = decodeString(claim(3, []byte("abc")), flagCompressed, 0)
	require.ErrorIs(t, err, errCorrupt)
	damaged := bytes.Clone(deflated.Bytes())
	damaged[len(damaged)-1] ^= 1
	_, err = decodeString(claim(uint32(len(text)), damaged), flagCompressed|flagZlib, 0)
	require.ErrorIs(t, err, errCorrupt, "a wrong checksum")
}

// A claim costs no memory that the stream cannot fill.
func TestDecode_ABombOfClaimsTakesNoMemory(t *testing.T) {
	for _, flag := range []uint32{flagFastLZ, flagZlib, flagZstd} {
		var empty []byte
		switch flag {
		case flagFastLZ:
			empty = []byte{0, 'x'}
		case flagZlib:
			empty, _ = base64.StdEncoding.DecodeString("eJwDAAAAAAE=")
		case flagZstd:
			w, err := zstd.NewWriter(nil)
			require.NoError(t, err)
			empty = w.EncodeAll([]byte("x"), nil)
		}
		raw := claim(1<<30, empty)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decodeString(raw, flagCompressed|flag, 0)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, errCorrupt)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), "for a claim of 1 GiB")
	}
}

func FuzzDecode(f *testing.F) {
	text := bytes.Repeat([]byte("abc"), 1000)
	for _, c := range []compression{fastLZ, zlibStream, uncompressed} {
		out, flags := c.compress(text)
		f.Add(out, flags)
	}
	w, err := zstd.NewWriter(nil)
	require.NoError(f, err)
	f.Add(claim(3000, w.EncodeAll(text, nil)), uint32(flagCompressed|flagZstd))
	f.Add([]byte("42"), uint32(typeLong))
	f.Fuzz(func(t *testing.T, raw []byte, flags uint32) {
		const limit = 1 << 16
		b, err := Decode(raw, flags, limit)
		if err == nil && len(b) > limit+32 {
			t.Fatalf("%d bytes above the limit", len(b))
		}
	})
}
