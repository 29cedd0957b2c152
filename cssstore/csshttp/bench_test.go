package csshttp_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func BenchmarkHit(b *testing.B) {
	store := cssstoretest.NewFake()
	require.NoError(b, store.Put(b.Context(), css(hashA, strings.Repeat(".mosparo__container .a{color:red}\n", 300))))
	h := csshttp.New(store, projectList{known})
	defer h.Close()
	r := httptest.NewRequest(http.MethodGet, path(hashA), nil)
	w := &counter{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

// kept keeps the maps of a benchmark on the heap, where net/http has them.
var kept http.Header

// BenchmarkNetHTTPHeaders measures what net/http does with the headers of a response,
// for some and all of those of a hit: it sets them in a map, which grows past 8 entries,
// copies the map in WriteHeader, sorts them and writes them.
func BenchmarkNetHTTPHeaders(b *testing.B) {
	all := sameHeaders()
	names := slices.Sorted(maps.Keys(all))
	w := bufio.NewWriterSize(io.Discard, 4096)
	for _, n := range []int{2, 8, len(names)} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				kept = http.Header{}
				for _, name := range names[:n] {
					kept[name] = all[name]
				}
				kept = kept.Clone()
				if err := kept.WriteSubset(w, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFirst is what a new version costs, compression included.
func BenchmarkFirst(b *testing.B) {
	store := cssstoretest.NewFake()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		body := fmt.Sprint(i) + strings.Repeat(".mosparo__container .a{color:red}\n", 300)
		require.NoError(b, store.Put(b.Context(), css(hashA, body)))
		h := csshttp.New(store, projectList{{UUID: project, Hash: cssstore.Hash{1}}})
		do(h, "GET "+path(hashA), nil)
		require.NoError(b, h.Close())
	}
}
