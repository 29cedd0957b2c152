package cssstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
)

func TestLoggers_NilIsSilent(t *testing.T) {
	dir := t.TempDir()
	f := cssstore.NewFiles(dir, nil, cssstore.WithFilesLogger(nil), cssstore.WithGrace(0))
	m := cssstore.NewMirror(f, f, func(context.Context) ([]cssstore.UUID, error) { return nil, context.Canceled }, cssstore.WithMirrorLogger(nil))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, m.Run(ctx), context.DeadlineExceeded, "it logs a failure")
}
