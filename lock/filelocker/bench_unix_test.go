//go:build unix

package filelocker_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/locktest"
)

// BenchmarkBare is the least that two changes of a file under flock cost.
func BenchmarkBare(b *testing.B) {
	file := filepath.Join(b.TempDir(), "f")
	if err := os.WriteFile(file, make([]byte, filelocker.FileSize), 0o600); err != nil {
		b.Fatal(err)
	}
	data := make([]byte, filelocker.FileSize)
	change := func() error {
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			return err
		}
		if _, err := f.ReadAt(data, 0); err != nil {
			return err
		}
		_, err = f.WriteAt(data[:400], 0)
		return err
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := change(); err != nil {
			b.Fatal(err)
		}
		if err := change(); err != nil {
			b.Fatal(err)
		}
	}
}

func backend(b *testing.B) *filelocker.Backend {
	b.Helper()
	l, err := filelocker.New(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func BenchmarkAcquireRelease(b *testing.B) {
	for _, network := range []bool{false, true} {
		name := "local clock"
		if network {
			name = "clock of a server"
		}
		b.Run(name, func(b *testing.B) {
			l, c := backend(b), lock.Claim{Token: locktest.NewToken(), Owner: lock.Owner{Host: "host.example"}}
			if network {
				l.AsOnTheNetwork()
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Acquire(b.Context(), "n", c, time.Minute); err != nil {
					b.Fatal(err)
				}
				if err := l.Release(b.Context(), "n", c.Token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAcquireHeld(b *testing.B) {
	l := backend(b)
	if _, err := l.Acquire(b.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Hour); err != nil {
		b.Fatal(err)
	}
	c := lock.Claim{Token: locktest.NewToken()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Acquire(b.Context(), "n", c, time.Minute); err == nil {
			b.Fatal("two hold it")
		}
	}
}
