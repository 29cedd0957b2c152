package redisadapter

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// However the network cuts a stream in pieces, it is the same stream.
func FuzzReplies(f *testing.F) {
	for _, s := range []string{
		"+OK\r\n$3\r\nabc\r\n*2\r\n$-1\r\n:5\r\n", "%1\r\n+a\r\n*0\r\n>2\r\n+x\r\n_\r\n", "|1\r\n+a\r\n:1\r\n$1\r\nx\r\n",
		"$9223372036854775807\r\n", "*99999999\r\n", "*1\r\n*1\r\n*1\r\n", "$x\r\n", "\r\n\n", "*-1\r\n$+2\r\nab\r\n", "=7\r\ntxt:abc\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole := replies{maxBytes: 100}
		err := whole.pass(stream)
		pieces := replies{maxBytes: 100}
		var piecesErr error
		for i := 0; i < len(stream) && piecesErr == nil; i++ {
			piecesErr = pieces.pass(stream[i : i+1])
		}
		require.Equal(t, err, piecesErr)
		if err == nil {
			require.Equal(t, whole, pieces)
		}
		require.LessOrEqual(t, whole.skip, int64(102))
		require.LessOrEqual(t, whole.depth, maxNesting)
	})
}
