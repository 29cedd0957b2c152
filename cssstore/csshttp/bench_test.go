package csshttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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
