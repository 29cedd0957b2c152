package filestore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

var stress = flag.Duration("stress", stressTime(), "how long readers and writers work on one project")

func stressTime() time.Duration {
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		return 2 * time.Second
	}
	return 500 * time.Millisecond
}

// putAsPHP does what mosparo does in files mode: a temporary file and a rename,
// then everything else in the folder is removed.
func putAsPHP(dir, css string) error {
	to := file(dir, css)
	folder := filepath.Dir(to)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	temporary := filepath.Join(folder, rand.Text())
	if err := os.WriteFile(temporary, []byte(css), 0o644); err != nil {
		return err
	}
	if err := os.Rename(temporary, to); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if path := filepath.Join(folder, e.Name()); path != to {
			_ = os.Remove(path)
		}
	}
	return err
}

func TestStore_AVersionIsNeverTorn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: PHP-like writers remove files that others have open")
	}
	t.Parallel()
	const readers, goWriters, phpWriters = 64, 4, 4
	dir, locker := t.TempDir(), fixturetest.Locker(t)
	ctx, cancel := context.WithTimeout(t.Context(), *stress)
	defer cancel()
	var all sync.WaitGroup
	var gets, misses, puts, phpPuts atomic.Int64
	for w := range goWriters {
		all.Go(func() {
			s := filestore.New(dir, filestore.WithLocker(locker), filestore.WithMappings(), filestore.WithGrace(time.Duration(w)*time.Second))
			for i := 0; ctx.Err() == nil; i++ {
				// Some versions come again and again.
				r := fixturetest.Resource(strings.Repeat(fmt.Sprintf(".go%d.v%d {}", w, i%7), 1+500*(i%3)))
				if err := s.Put(context.WithoutCancel(ctx), r); err != nil && !errors.Is(err, cssstore.ErrOverwritten) {
					t.Error(err)
				}
				puts.Add(1)
				time.Sleep(mathrand.N(5 * time.Millisecond))
			}
		})
	}
	for w := range phpWriters {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				// Another PHP node may have removed the folder's files meanwhile.
				if err := putAsPHP(dir, strings.Repeat(fmt.Sprintf(".php%d.v%d {}", w, i%7), 1+500*(i%3))); err == nil {
					phpPuts.Add(1)
				}
				time.Sleep(mathrand.N(20 * time.Millisecond))
			}
		})
	}
	for range readers {
		all.Go(func() {
			s := filestore.New(dir)
			for ctx.Err() == nil {
				r, err := s.Get(ctx, project)
				switch {
				case err == nil:
					gets.Add(1)
					if hashOf(string(r.CSS)) != r.Hash {
						t.Errorf("%v holds %.50q", r.Hash, r.CSS)
					}
				case errors.Is(err, cssstore.ErrNotFound):
					misses.Add(1) // two writers removed each other's in the same moment
				case ctx.Err() == nil:
					t.Error(err)
				}
				time.Sleep(mathrand.N(5 * time.Millisecond))
			}
		})
	}
	all.Wait()
	t.Logf("%d gets and %d misses, %d puts of Go nodes, %d of PHP nodes", gets.Load(), misses.Load(), puts.Load(), phpPuts.Load())
	require.NotZero(t, gets.Load())
	require.NotZero(t, phpPuts.Load())
	s := filestore.New(dir, filestore.WithLocker(locker))
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("the end")))
	require.Equal(t, "the end", string(fixturetest.Get(t, s).CSS))
}
