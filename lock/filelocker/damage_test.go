//go:build unix

package filelocker_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
)

// Whatever part of a change reaches the disk, the name is held as before the
// change or as after it.
func TestChange_ThatIsBrokenOffLeavesWhatWasThere(t *testing.T) {
	b := open(t, t.TempDir())
	file := b.File("n")
	token, fence := acquire(t, b, "n", time.Hour)
	require.NoError(t, b.Release(t.Context(), "n", token))
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	token, next := acquire(t, b, "n", time.Hour)
	after, err := os.ReadFile(file)
	require.NoError(t, err)

	differ := 0
	for i := range after {
		if before[i] != after[i] {
			differ = i + 1
		}
	}
	for cut := 0; cut <= differ; cut++ {
		torn := append(bytes.Clone(after[:cut]), before[cut:]...)
		require.NoError(t, os.WriteFile(file, torn, 0o600))
		h, err := b.Holder(t.Context(), "n")
		if bytes.Equal(torn[:filelocker.FileSize-1], after[:filelocker.FileSize-1]) {
			require.NoError(t, err)
			require.Equal(t, token, h.Token)
			require.Equal(t, next, h.Fence)
			continue
		}
		require.ErrorIs(t, err, lock.ErrNotHeld, "%d bytes were written", cut)
		if cut%16 == 0 {
			_, f := acquire(t, b, "n", time.Hour)
			require.Greater(t, f, fence)
		}
	}
}

func TestDamagedRecord_IsHeldForAWhileAndMendedByBreak(t *testing.T) {
	now := time.Now()
	b := open(t, t.TempDir())
	b.SetClock(func() time.Time { return now })
	damage := func(data string) {
		require.NoError(t, os.WriteFile(b.File("n"), []byte(data), 0o600))
	}
	token, fence := acquire(t, b, "n", time.Minute)
	whole, err := os.ReadFile(b.File("n"))
	require.NoError(t, err)
	for _, data := range []string{
		"x", "mosparoGoLock 1 ", "mosparoGoLock 1 00000000 ffff\n", string(whole[:40]), strings.Repeat("\xff", filelocker.FileSize),
		strings.Replace(string(whole), `"fence":`, `"fence":9`, 1), strings.Replace(string(whole), string(token), strings.ToLower(string(token)), 1),
	} {
		data = data[:min(len(data), filelocker.FileSize)]
		damage(data)
		require.ErrorIs(t, b.Renew(t.Context(), "n", token, time.Minute), lock.ErrLost)
		_, err := b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrUnavailable)
		held := requireHeld(t, b, "n")
		require.Equal(t, filelocker.Quarantine, held.ExpiresIn)
		require.Contains(t, held.Error(), "damaged")
		now = now.Add(filelocker.Quarantine - 1)
		requireHeld(t, b, "n")
		now = now.Add(1)
		_, next := acquire(t, b, "n", time.Minute)
		require.Greater(t, next, fence)
		fence = next

		damage(data)
		require.NoError(t, b.Break(t.Context(), "n"))
		now = now.Add(time.Second)
		_, next = acquire(t, b, "n", time.Minute)
		require.Greater(t, next, fence)
		fence = next
	}
}

func TestWhatIsNoFileOfALockIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	acquire(t, b, "good", time.Minute)
	other, err := os.ReadFile(b.File("good"))
	require.NoError(t, err)
	elsewhere := dir + "/elsewhere"
	require.NoError(t, os.WriteFile(elsewhere, []byte("precious"), 0o600))
	for name, plant := range map[string]func(file string) error{
		"directory":   func(file string) error { return os.Mkdir(file, 0o700) },
		"pipe":        func(file string) error { return syscall.Mkfifo(file, 0o600) },
		"link":        func(file string) error { return os.Symlink("elsewhere", file) },
		"link out":    func(file string) error { return os.Symlink("/dev/null", file) },
		"large":       func(file string) error { return os.WriteFile(file, make([]byte, filelocker.FileSize+1), 0o600) },
		"other's":     func(file string) error { return os.WriteFile(file, other, 0o600) },
		"not allowed": func(file string) error { return os.Symlink("/proc/1/mem", file) },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, plant(b.File(name)))
			_, err := b.Acquire(t.Context(), name, lock.Claim{Token: lock.Token(strings.Repeat("t", 22))}, time.Minute)
			require.ErrorIs(t, err, lock.ErrUnavailable)
			require.Error(t, b.Release(t.Context(), name, lock.Token(strings.Repeat("t", 22))))
		})
	}
	var names []string
	wrong := 0
	for h, err := range b.Holders(t.Context()) {
		if err != nil {
			wrong++
			continue
		}
		names = append(names, h.Name)
	}
	require.Equal(t, []string{"good"}, names, "the others do not hide it")
	require.Equal(t, 1, wrong)
	precious, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	require.Equal(t, "precious", string(precious))
}

func TestAcquire_WaitsForAChangeThatDoesNotGoOnUntilItsContextEnds(t *testing.T) {
	b := open(t, t.TempDir())
	token, _ := acquire(t, b, "n", time.Minute)
	f, err := os.OpenFile(b.File("n"), os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = b.Release(ctx, "n", token)
	require.ErrorIs(t, err, lock.ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "in the middle of a change")
	h, err := b.Holder(t.Context(), "n")
	require.NoError(t, err, "who holds it can be told meanwhile")
	require.Equal(t, token, h.Token)
	time.AfterFunc(20*time.Millisecond, func() { f.Close() })
	require.NoError(t, b.Release(t.Context(), "n", token))
}
