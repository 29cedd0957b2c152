package requestid_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
)

// The cost of the id for a request that does not use it.
func BenchmarkHandler(b *testing.B) {
	h := requestid.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}
