package health_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/health"
)

func TestHandler_NamesTheMistakeOfABalancerThatSendsFormsHere(t *testing.T) {
	h := newHandler(settings(t, ""))
	for _, path := range []string{"/", "/api/v1/frontend/request-submit-token", "/api/v1/health/check/", "/livez/x"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			res := ask(h, method, path, "198.51.100.1:1")
			require.Equal(t, 503, res.StatusCode)
			require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
			require.Equal(t, "text/plain; charset=utf-8", res.Header.Get("Content-Type"))
			require.Contains(t, body(t, res), "Send /resources/ to this node and everything else to PHP nodes")
		}
	}
	require.Contains(t, body(t, ask(h, http.MethodGet, "/resources/x.css", local)), "serves no CSS")
	require.Equal(t, 404, ask(h.Admin(), http.MethodGet, "/", local).StatusCode)
}

func TestHandler_HasNoBodyForHEAD(t *testing.T) {
	server := httptest.NewServer(newHandler(settings(t, "")))
	defer server.Close()
	for path, status := range map[string]int{"/": 503, health.CheckPath: 200, health.LivePath: 200} {
		res, err := http.Head(server.URL + path)
		require.NoError(t, err)
		require.Equal(t, status, res.StatusCode, path)
		require.Empty(t, body(t, res))
		require.Positive(t, res.ContentLength)
	}
}

func TestHandler_LogsUnservedPathsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logged{}
		h := newHandler(settings(t, ""), health.WithLogger(log.logger()))
		for range 121 { // for two minutes
			ask(h, http.MethodPost, "/api/v1/frontend/request-submit-token?secret", local)
			time.Sleep(time.Second)
		}
		require.Len(t, log.lines(), 3)
		require.Contains(t, log.lines()[0], "requests=1")
		require.Contains(t, log.lines()[2], "requests=60")
		require.Contains(t, log.lines()[2], "method=POST path=/api/v1/frontend/request-submit-token requests")
	})
}
