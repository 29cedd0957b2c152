package shell_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func TestLogHandler(t *testing.T) {
	for format, want := range map[string]string{
		"text": `msg=cleanup duration=1.5s run_id=7`,
		"json": `"msg":"cleanup","duration_seconds":1.5,"run_id":7}`,
	} {
		var b bytes.Buffer
		h, err := shell.LogHandler(&b, format, slog.LevelInfo)
		require.NoError(t, err)
		slog.New(h).Info("cleanup", slog.Duration("duration", 1500*time.Millisecond), slog.Int64("run_id", 7))
		slog.New(h).Debug("not logged")
		require.Contains(t, b.String(), want)
		require.NotContains(t, b.String(), "not logged")
	}
	_, err := shell.LogHandler(&bytes.Buffer{}, "xml", slog.LevelInfo)
	require.ErrorContains(t, err, "--log-format")
}
