//go:build unix

package filestore_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

// PHP's user may put a pipe where a file or folder is expected. Nothing waits for
// its other end.
func TestStore_DoesNotWaitForAPipe(t *testing.T) {
	for name, read := range map[string]func(*filestore.Store) error{
		"mappings.php": func(s *filestore.Store) error {
			_, err := s.Mappings(context.Background())
			return err
		},
		fixturetest.Project.String(): func(s *filestore.Store) error {
			_, err := s.Get(context.Background(), fixturetest.Project)
			return err
		},
	} {
		dir := t.TempDir()
		pipe := filepath.Join(dir, name)
		require.NoError(t, syscall.Mkfifo(pipe, 0o600))
		ended := make(chan error, 1)
		go func() { ended <- read(filestore.New(dir)) }()
		select {
		case err := <-ended:
			require.ErrorIs(t, err, fs.ErrInvalid, name)
		case <-time.After(5 * time.Second):
			f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0) // ends the wait
			require.NoError(t, err)
			require.NoError(t, f.Close())
			t.Errorf("%s: the call waited for the pipe", name)
			require.Error(t, <-ended, name)
		}
	}
}
