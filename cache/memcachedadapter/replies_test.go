package memcachedadapter

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// However the network cuts a stream in pieces, it is the same stream.
func FuzzReplies(f *testing.F) {
	for _, s := range []string{
		"VALUE a 0 3 1\r\nabc\r\nEND\r\n", "STORED\r\n", "VALUE a 0 0\r\n\r\nVALUE b 80 2 7\r\nx", "VALUE a 0 4294967295\r\n",
		"VALUE a 0\r\n", "VALUE  \r\n", "\n\n", "VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, pieces := replies{maxItem: 100}, replies{maxItem: 100}
		whole.asked([]byte("gets a b\r\n"))
		pieces.asked([]byte("gets a"))
		pieces.asked([]byte(" b\r\n"))
		err := whole.pass(stream)
		var piecesErr error
		for i := 0; i < len(stream) && piecesErr == nil; i++ {
			piecesErr = pieces.pass(stream[i : i+1])
		}
		require.Equal(t, err, piecesErr)
		if err == nil {
			require.Equal(t, whole.skip, pieces.skip)
			require.Equal(t, whole.keys, pieces.keys)
			require.Equal(t, whole.line[:whole.n], pieces.line[:pieces.n])
		}
		require.LessOrEqual(t, whole.skip, 102)
	})
}
