package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLog_ARequestIsFollowedByItsID(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	n := start(t, nil, "--demo", "--admin", "127.0.0.1:0", "--log-level", "debug")
	for url, id := range map[string]string{n.url + "api/v1/frontend/verify": "public-1", n.admin + "livez": "admin-1", n.url: "hostile\t1"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		r.Header.Set("X-Request-Id", id)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
	}
	for _, line := range []string{
		`path=/api/v1/frontend/verify requests=1 request_id=public-1`, // in the warning
		`msg=request method=GET path=/livez status=200`,
		`request_id=admin-1`,
	} {
		require.Eventually(t, func() bool { return strings.Contains(n.log.String(), line) }, patience, 10*time.Millisecond, line)
	}
	require.Eventually(t, func() bool { return strings.Count(n.log.String(), "msg=request ") >= 3 }, patience, 10*time.Millisecond)
	require.NotContains(t, n.log.String(), "hostile")
}
