//go:build unix

package filelocker_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/locktest"
)

// process is another process on the same directory, as some user.
type process struct {
	UID, GID int
	Umask    int
	Dir      string
	OwnerOf  string
	Op       string
	TTL      time.Duration
}

const asProcess = "FILELOCKER_TEST_PROCESS"

func TestMain(m *testing.M) {
	raw := os.Getenv(asProcess)
	if raw == "" {
		os.Exit(m.Run())
	}
	var p process
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		panic(err)
	}
	if err := p.main(); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func (p process) main() error {
	syscall.Umask(p.Umask)
	if p.UID != 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(p.GID), syscall.Setuid(p.UID)); err != nil {
			return err
		}
	}
	b, err := filelocker.New(p.Dir, filelocker.WithOwnerOf(p.OwnerOf))
	if err != nil {
		return err
	}
	l := lock.New(b, lock.WithPoll(2*time.Millisecond))
	defer l.Close()
	ctx := context.Background()
	switch p.Op {
	case "hold":
		lease, err := l.Acquire(ctx, "n", lock.WithTTL(p.TTL))
		if err != nil {
			return err
		}
		fmt.Println("fence", lease.Fence())
		<-lease.Context().Done()
		return context.Cause(lease.Context())
	case "hammer":
		fmt.Println("fence", 0)
		for {
			lease, err := l.Acquire(ctx, "n", lock.WithTTL(p.TTL), lock.WithWait(-1))
			if err != nil {
				return err
			}
			_ = lease.Renew(ctx)
			_ = lease.Release(ctx)
		}
	case "once":
		return l.Do(ctx, "n", func(context.Context) error { return nil })
	}
	return nil
}

// command is this test binary as that process.
func (p process) command(t *testing.T) *exec.Cmd {
	t.Helper()
	raw, err := json.Marshal(p)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProcess+"="+string(raw), "GORACE=atexit_sleep_ms=0")
	return cmd
}

// run returns what the process has printed.
func (p process) run(t *testing.T) string {
	t.Helper()
	out, _ := p.command(t).CombinedOutput()
	return string(out)
}

// start waits until the process says its fence.
func (p process) start(t *testing.T) (*exec.Cmd, uint64) {
	t.Helper()
	cmd := p.command(t)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	var fence uint64
	_, err = fmt.Sscanf(line, "fence %d", &fence)
	require.NoError(t, err, line)
	return cmd, fence
}

func TestHolder_ThatIsKilledIsFollowedAfterItsTTL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const ttl = 3 * time.Second
	cmd, fence := process{Dir: dir, Op: "hold", TTL: ttl}.start(t)
	b := open(t, dir)
	h, err := b.Holder(t.Context(), "n")
	require.NoError(t, err)
	require.Equal(t, cmd.Process.Pid, h.Owner.PID)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	left := requireHeld(t, b, "n").ExpiresIn
	require.LessOrEqual(t, left, ttl)
	began := time.Now()
	l := lock.New(b)
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithWait(time.Minute))
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), left-b.Properties().Margin)
	require.Greater(t, lease.Fence(), fence)
}

func TestHolder_ThatWasStoppedBeyondItsTTLKnowsThatItLostTheLease(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd, fence := process{Dir: dir, Op: "hold", TTL: 500 * time.Millisecond}.start(t)
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	l := lock.New(open(t, dir))
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithWait(time.Minute))
	require.NoError(t, err)
	require.Greater(t, lease.Fence(), fence)
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	require.Error(t, cmd.Wait(), "it ends, since its lease did")
	require.NoError(t, lease.Renew(t.Context()), "and leaves ours alone")
	require.NoError(t, lease.Release(t.Context()))
}

// Wherever in its changes a process is killed, the others go on.
func TestLock_OutlivesProcessesThatAreKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	rounds := 4
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		rounds = 20
	}
	dir := t.TempDir()
	b := open(t, dir)
	l := lock.New(b)
	defer l.Close()
	var last uint64
	for range rounds {
		var killed []*exec.Cmd
		for range 2 {
			cmd, _ := process{Dir: dir, Op: "hammer", TTL: 300 * time.Millisecond}.start(t)
			killed = append(killed, cmd)
		}
		time.Sleep(rand.N(20 * time.Millisecond)) // any moment will do
		for _, cmd := range killed {
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
		}
		lease, err := l.Acquire(t.Context(), "n", lock.WithWait(time.Minute))
		require.NoError(t, err)
		require.Greater(t, lease.Fence(), last)
		last = lease.Fence()
		require.NoError(t, lease.Release(t.Context()))
	}
}

// waits closes now when its end is waited for.
type waits struct {
	context.Context
	once sync.Once
	now  chan struct{}
}

func (w *waits) Done() <-chan struct{} {
	w.once.Do(func() { close(w.now) })
	return w.Context.Done()
}

// A file that is removed while others wait for its flock must not become a
// lock of its own.
func TestFile_ThatIsRemovedWhileOthersWaitForItIsNotUsed(t *testing.T) {
	b := open(t, t.TempDir())
	token, _ := acquire(t, b, "n", time.Minute)
	require.NoError(t, b.Release(t.Context(), "n", token))
	f, err := os.OpenFile(b.File("n"), os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	ctx := &waits{Context: t.Context(), now: make(chan struct{})}
	waiting := make(chan error)
	go func() {
		_, err := b.Acquire(ctx, "n", lock.Claim{Token: locktest.NewToken()}, time.Minute)
		waiting <- err
	}()
	<-ctx.now
	require.NoError(t, os.Remove(b.File("n")))
	acquired, _ := acquire(t, b, "n", time.Minute)
	require.NoError(t, f.Close())
	require.ErrorIs(t, <-waiting, lock.ErrHeld)
	require.NoError(t, b.Release(t.Context(), "n", acquired))
}

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
}

// shared is a directory that all users can reach.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "filelocker") //nolint:usetesting // a test's own is closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

const php, goUser, group = 12001, 12002, 12003

func TestUsers_OfOneGroupShareTheDirectory(t *testing.T) {
	needsRoot(t)
	cache := filepath.Join(shared(t), "cache")
	require.NoError(t, os.Mkdir(cache, 0o700))
	require.NoError(t, os.Chown(cache, php, group))
	require.NoError(t, os.Chmod(cache, 0o770|fs.ModeSetgid))
	dir := filepath.Join(cache, "mosparoGoLock")
	for _, p := range []process{
		{UID: goUser, GID: group, Umask: 0o077},
		{UID: php, GID: group, Umask: 0o022},
		{Umask: 0o077}, // root
		{UID: goUser, GID: group, Umask: 0o077},
	} {
		p.Dir, p.Op = dir, "once"
		require.Empty(t, p.run(t))
	}
	b := open(t, dir)
	for path, mode := range map[string]fs.FileMode{dir: 0o770, b.File("n"): 0o660} {
		fi, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, fi.Mode().Perm(), path)
	}
}

func TestDirectory_ThatCannotBeUsedIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	b := open(t, filepath.Join(file, "locks"))
	_, err := b.Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Minute)
	require.ErrorIs(t, err, lock.ErrUnavailable)
	require.ErrorContains(t, err, file)

	needsRoot(t)
	dir := shared(t)
	for _, at := range []string{dir, filepath.Join(dir, "locks")} {
		out := process{UID: goUser, GID: goUser, Dir: at, Op: "once"}.run(t)
		require.Contains(t, out, lock.ErrUnauthorized.Error())
		require.Contains(t, out, "permission denied")
		require.Contains(t, out, at)
		require.Equal(t, 1, strings.Count(out, "\n"), out)
	}
}

// In a directory that is open to every user, such as /tmp, the locks are made by
// root and PHP's user alone, and are PHP's user's.
func TestDirectory_IsMadeForPHPWhereEveryUserCanWrite(t *testing.T) {
	needsRoot(t)
	mosparo := filepath.Join(shared(t), "mosparo")
	require.NoError(t, os.Mkdir(mosparo, 0o755))
	require.NoError(t, os.Chown(mosparo, php, group))
	for name, c := range map[string]struct {
		who     process
		allowed bool
	}{
		"root":                           {process{OwnerOf: mosparo}, true},
		"root that does not know PHP":    {process{}, false},
		"PHP's user":                     {process{UID: php, GID: group, OwnerOf: mosparo}, true},
		"PHP's user that is not told so": {process{UID: php, GID: group}, false},
		"another user":                   {process{UID: goUser, GID: group, OwnerOf: mosparo}, false},
	} {
		t.Run(name, func(t *testing.T) {
			open := filepath.Join(shared(t), "tmp")
			require.NoError(t, os.Mkdir(open, 0o700))
			require.NoError(t, os.Chmod(open, 0o777|fs.ModeSticky))
			c.who.Dir, c.who.Op = filepath.Join(open, "symfony-cache", "mosparoGoLock"), "once"
			out := c.who.run(t)
			if !c.allowed {
				require.Contains(t, out, lock.ErrUnavailable.Error())
				require.Contains(t, out, "FILESYSTEM_CACHE_PATH")
				require.NoDirExists(t, filepath.Dir(c.who.Dir))
				return
			}
			require.Empty(t, out)
			b, err := filelocker.New(c.who.Dir)
			require.NoError(t, err)
			for path, mode := range map[string]fs.FileMode{filepath.Dir(b.Dir()): 0o755, b.Dir(): 0o755, b.File("n"): 0o644} {
				fi, err := os.Stat(path)
				require.NoError(t, err)
				require.Equal(t, mode, fi.Mode().Perm(), path)
				require.EqualValues(t, php, fi.Sys().(*syscall.Stat_t).Uid, path)
			}
		})
	}
}

func TestDirectory_IsNotReachedThroughALinkOfAThirdUser(t *testing.T) {
	needsRoot(t)
	cache, elsewhere := shared(t), shared(t)
	link := filepath.Join(cache, "mosparoGoLock")
	require.NoError(t, os.Symlink(elsewhere, link))
	require.NoError(t, os.Lchown(link, php, group))
	out := process{Dir: link, Op: "once"}.run(t)
	require.Contains(t, out, lock.ErrUnavailable.Error())
	require.Contains(t, out, link)
	left, err := os.ReadDir(elsewhere)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, os.Lchown(link, 0, 0))
	require.Empty(t, process{Dir: link, Op: "once"}.run(t))
}
