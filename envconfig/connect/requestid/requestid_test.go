package requestid_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
)

// idOf returns the id of a request with these headers.
func idOf(t testing.TB, id, traceparent string) (got string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Request-ID", id)
	r.Header.Set("traceparent", traceparent)
	w := httptest.NewRecorder()
	requestid.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = requestid.FromContext(r.Context())
		require.Equal(t, got, requestid.FromContext(r.Context()), "it stays")
	})).ServeHTTP(w, r)
	require.Empty(t, w.Header())
	return got
}

const random = `^[0-9a-f]{32}$`

func TestHandler_UsesTheIDOfTheClientIfItIsValid(t *testing.T) {
	for _, id := range []string{
		"7", "8f14e45f-ceea-467f-a8a6-4e4e4d4e4d4e", "C0A80001:1F90_0A000001:0050_5F1A:0001", "Root=1-67891233-abcdef012345678912345678",
		"YWJj+/9=", "job@host~1.x", strings.Repeat("a", 128),
	} {
		require.Equal(t, id, idOf(t, id, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	}
	for _, id := range []string{"", " ", "a b", "a\nb", "a\x1b[2J", "a\x00", "ä", "a\"b", "a'b", "a<b", "a;b", strings.Repeat("a", 129)} {
		got := idOf(t, id, "")
		require.Regexp(t, random, got, id)
		require.NotEqual(t, got, idOf(t, id, ""), "each request has its own")
	}
}

func TestHandler_UsesTheTraceOfTheClientIfItIsValid(t *testing.T) {
	const trace = "0af7651916cd43dd8448eb211c80319c"
	for _, header := range []string{
		"00-" + trace + "-b7ad6b7169203331-01", "00-" + trace + "-b7ad6b7169203331-00",
		"cc-" + trace + "-b7ad6b7169203331-01-of-a-later-version",
	} {
		require.Equal(t, trace, idOf(t, "", header))
		require.Equal(t, trace, idOf(t, "not valid", header))
	}
	for _, header := range []string{
		"", "00", "00-" + trace, "00-" + trace + "-b7ad6b7169203331", "00-" + trace + "-b7ad6b7169203331-", "00-" + trace + "-b7ad6b7169203331-01-x",
		"ff-" + trace + "-b7ad6b7169203331-01", "00-" + strings.ToUpper(trace) + "-b7ad6b7169203331-01",
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", "00-" + trace + "-0000000000000000-01",
		"00-" + trace + "0-b7ad6b7169203331-01", "00-" + trace[1:] + "-b7ad6b7169203331-01", "0x-" + trace + "-b7ad6b7169203331-01",
	} {
		got := idOf(t, "", header)
		require.Regexp(t, random, got, header)
		require.NotEqual(t, trace, got, header)
	}
}

func TestHandler_KeepsAnID(t *testing.T) {
	var inner, outer string
	h := requestid.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outer = requestid.FromContext(r.Context())
		requestid.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inner = requestid.FromContext(r.Context()) })).ServeHTTP(w, r)
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	require.Regexp(t, random, outer)
	require.Equal(t, outer, inner)
}

func TestFromContext_IsEmptyOutsideOfARequest(t *testing.T) {
	require.Empty(t, requestid.FromContext(context.Background()))
	require.PanicsWithValue(t, "requestid.Handler: next is nil", func() { requestid.Handler(nil) })
}

func FuzzFromContext(f *testing.F) {
	f.Add("a", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Fuzz(func(t *testing.T, id, traceparent string) {
		require.Regexp(t, `^[0-9A-Za-z._~+/=:@-]{1,128}$`, idOf(t, id, traceparent))
	})
}
