package connect_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect"
)

func TestRedisLogger_HandsOnWhatIsLogged(t *testing.T) {
	var out bytes.Buffer
	connect.NewRedisLogger(slog.New(slog.NewTextHandler(&out, nil))).Printf(t.Context(), "lost %s after %d", "host", 3)
	require.Contains(t, out.String(), `level=INFO msg="go-redis reports" message="lost host after 3"`)
	connect.NewRedisLogger(nil).Printf(t.Context(), "lost")
}
