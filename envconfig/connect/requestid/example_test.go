package requestid_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
)

func Example() {
	h := requestid.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(requestid.FromContext(r.Context()))
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(requestid.Header, "8f14e45f-ceea-467f-a8a6-4e4e4d4e4d4e") // by a balancer
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output: 8f14e45f-ceea-467f-a8a6-4e4e4d4e4d4e
}
