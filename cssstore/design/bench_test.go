package design_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

// plain is a base of about 12 kB without variables in variables, as the
// compiled one of mosparo is.
func plain(b *testing.B) []byte {
	base := fixturetest.Unpack(b, "testdata/base.css.gz")
	i := bytes.Index(base, []byte("> .card-nest"))
	require.Positive(b, i)
	start := bytes.LastIndexByte(base[:i], '\n')
	end := i + bytes.IndexByte(base[i:], '}') + 1
	base = append(base[:start:start], base[end:]...)
	return append(base, bytes.Repeat([]byte(".mosparo__container .x{color:red}"), (12_000-len(base))/33)...)
}

func BenchmarkPrepare(b *testing.B) {
	rows := []design.Row{{Name: "designMode", Value: "advanced"}, {Name: "colorText", Value: "red"}}
	for _, bm := range []struct {
		name string
		base []byte
	}{{"12kB", plain(b)}, {"12kBWithVariablesInVariables", fixturetest.Unpack(b, "testdata/base.css.gz")}, {"1MB", bytes.Repeat(plain(b), 88)}} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.base)))
			for b.Loop() {
				_, err := design.Prepare(cssstore.UUID{1}, rows, bm.base)
				require.NoError(b, err)
			}
		})
	}
}
