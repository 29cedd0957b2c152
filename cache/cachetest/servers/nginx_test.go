package servers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

func TestNginx_AsksTheServersInTurn(t *testing.T) {
	var addrs []string
	for _, name := range []string{"a", "b", "c"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if name == "b" {
				w.WriteHeader(http.StatusServiceUnavailable) // no reason to ask another one
			}
			_, _ = io.WriteString(w, name+r.Host)
		}))
		defer s.Close()
		addrs = append(addrs, s.Listener.Addr().String())
	}
	nginx := servers.Nginx(t, "location /own { return 204; }", addrs...)
	var got string
	for range 6 {
		res, err := http.Get("http://" + nginx.Addr())
		require.NoError(t, err)
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, nginx.Addr(), string(b[1:]))
		got += string(b[:1])
	}
	require.Equal(t, "abcabc", got)
	res, err := http.Get("http://" + nginx.Addr() + "/own")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusNoContent, res.StatusCode)
}
