package cssstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func TestArguments_ThatCannotBeMeantPanicInTheConstructor(t *testing.T) {
	s := cssstoretest.NewFake()
	for name, call := range map[string]func(){
		"from":                func() { cssstore.NewMirror(nil, s, always()) },
		"to":                  func() { cssstore.NewMirror(s, nil, always()) },
		"projects":            func() { cssstore.NewMirror(s, s, nil) },
		"WithInterval":        func() { cssstore.WithInterval(-1) },
		"WithCompareInterval": func() { cssstore.WithCompareInterval(-1) },
		"WithGrace":           func() { cssstore.WithGrace(-time.Second) },
	} {
		func() {
			defer func() { require.Contains(t, recover(), name) }()
			call()
		}()
	}
}

func TestLoggers_NilIsSilent(t *testing.T) {
	dir := t.TempDir()
	f := cssstore.NewFiles(dir, nil, cssstore.WithFilesLogger(nil), cssstore.WithGrace(0))
	m := cssstore.NewMirror(f, f, func(context.Context) ([]cssstore.UUID, error) { return nil, context.Canceled }, cssstore.WithMirrorLogger(nil))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, m.Run(ctx), context.DeadlineExceeded, "it logs a failure")
}
