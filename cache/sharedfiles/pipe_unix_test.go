//go:build unix

package sharedfiles_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// A pipe that another user has put in place of a directory, or of a file, holds
// up everyone who opens it.
func TestOpen_DoesNotWaitForAPipe(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o666))
	for name, open := range map[string]func() error{
		"Open":       func() error { _, err := sharedfiles.Folder{Path: pipe}.Open(); return err },
		"Open below": func() error { _, err := sharedfiles.Folder{Path: filepath.Join(pipe, "a")}.Open(); return err },
		"Make":       func() error { _, err := sharedfiles.Folder{Path: pipe}.Make(); return err },
		"CheckLinks": func() error { return sharedfiles.Folder{Path: pipe}.CheckLinks() },
		"FS":         func() error { _, err := sharedfiles.FS(dir).Open("pipe"); return err },
	} {
		ended := make(chan error, 1)
		go func() { ended <- open() }()
		select {
		case err := <-ended:
			require.ErrorContains(t, err, pipe, name)
		case <-time.After(10 * time.Second):
			t.Error(name, "waits for a writer")
		}
	}
}
