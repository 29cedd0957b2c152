//go:build unix

package fileadapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// process is a process that writes to a cache as some user.
type process struct {
	UID, GID int
	Groups   []int
	Umask    int
	Dir      string
	OwnerOf  string
	Op       string
}

const asProcess = "FILEADAPTER_TEST_PROCESS"

func TestMain(m *testing.M) {
	if raw := os.Getenv(asProcess); raw != "" {
		var p process
		if err := json.Unmarshal([]byte(raw), &p); err != nil {
			panic(err)
		}
		os.Exit(p.main())
	}
	os.Exit(m.Run())
}

const exitUnauthorized, exitShutOut, exitUnavailable = 10, 11, 12

func (p process) main() int {
	syscall.Umask(p.Umask)
	if p.UID != 0 {
		for _, err := range []error{syscall.Setgroups(p.Groups), syscall.Setgid(p.GID), syscall.Setuid(p.UID)} {
			if err != nil {
				fmt.Println(err)
				return 1
			}
		}
	}
	a, err := New(p.Dir, WithOwnerOf(p.OwnerOf))
	switch {
	case err != nil:
	case p.Op == "ping":
		err = a.Ping(context.Background())
	case p.Op == "hand over":
		err = p.handOver()
	default:
		err = a.Set(context.Background(), cache.Item{Key: "k", Value: []byte("by " + fmt.Sprint(p.UID))})
	}
	var out *sharedfiles.ShutOutError
	switch {
	case errors.Is(err, cache.ErrUnavailable) && strings.Contains(err.Error(), "FILESYSTEM_CACHE_PATH"):
		return exitUnavailable
	case errors.As(err, &out):
		return exitShutOut
	case errors.Is(err, cache.ErrUnauthorized):
		return exitUnauthorized
	case err != nil:
		fmt.Println(err)
		return 1
	}
	return 0
}

// handOver makes a file for a directory that an access control list, which
// the mode does not show, lets us write.
func (p process) handOver() error {
	foreign, err := os.Stat(p.Dir)
	if err != nil {
		return err
	}
	own, err := os.MkdirTemp("", "fileadapter")
	if err != nil {
		return err
	}
	defer os.RemoveAll(own)
	root, err := os.OpenRoot(own)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.Create("f")
	if err != nil {
		return err
	}
	defer f.Close()
	return sharedfiles.Folder{Path: own}.HandOver(f, foreign, own)
}

// run returns the exit code.
func (p process) run(t *testing.T) int {
	t.Helper()
	raw, err := json.Marshal(p)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProcess+"="+string(raw), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	if code := cmd.ProcessState.ExitCode(); code == 0 || code >= exitUnauthorized {
		return code
	}
	t.Fatalf("the process failed: %v: %s", err, out)
	return -1
}

// shared is a directory that other users can reach.
func shared(t *testing.T, uid, gid int, mode fs.FileMode) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("changing users needs root")
	}
	base, err := os.MkdirTemp("", "fileadapter") //nolint:usetesting // others cannot enter the test's own directory
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	require.NoError(t, os.Chmod(base, 0o755))
	dir := filepath.Join(base, "cache")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chown(dir, uid, gid))
	require.NoError(t, os.Chmod(dir, mode))
	return dir
}

type ownership struct {
	uid, gid int
	mode     fs.FileMode
}

func ownershipOf(t *testing.T, path string) ownership {
	t.Helper()
	fi, err := os.Stat(path)
	require.NoError(t, err)
	uid, gid, ok := sharedfiles.Owner(fi)
	require.True(t, ok)
	return ownership{uid, gid, fi.Mode() & (fs.ModePerm | fs.ModeSetgid | fs.ModeSticky)}
}

const php, php2, goUser = 33, 34, 4321

func TestWrites_TakeModeAndOwnerOfTheDirectory(t *testing.T) {
	root := process{Umask: 0o077}
	member := process{UID: goUser, GID: goUser, Groups: []int{php}, Umask: 0o077}
	for _, c := range []struct {
		name      string
		who       process
		dir       ownership
		wantDirs  ownership
		wantFiles ownership
	}{
		{"root, open to all", root, ownership{php, php, 0o777}, ownership{php, php, 0o755}, ownership{php, php, 0o644}},
		{"root, as Debian has it", root, ownership{php, php, 0o755}, ownership{php, php, 0o755}, ownership{php, php, 0o644}},
		{"root, closed", root, ownership{php, php2, 0o750}, ownership{php, php2, 0o750}, ownership{php, php2, 0o640}},
		{"root, setgid", root, ownership{php, php2, 0o775 | fs.ModeSetgid}, ownership{php, php2, 0o775 | fs.ModeSetgid}, ownership{php, php2, 0o664}},
		{"member of the group", member, ownership{php, php, 0o775}, ownership{goUser, php, 0o775}, ownership{goUser, php, 0o664}},
		{"member of the group, setgid", member, ownership{php, php, 0o770 | fs.ModeSetgid}, ownership{goUser, php, 0o770 | fs.ModeSetgid}, ownership{goUser, php, 0o660}},
		{"the owner, open to all", process{UID: php, GID: php}, ownership{php, php, 0o777}, ownership{php, php, 0o755}, ownership{php, php, 0o644}},
		{"the owner", process{UID: php, GID: php, Umask: 0o077}, ownership{php, php, 0o750}, ownership{php, php, 0o750}, ownership{php, php, 0o640}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := shared(t, c.dir.uid, c.dir.gid, c.dir.mode)
			c.who.Dir = filepath.Join(dir, "not", "there")
			require.Zero(t, c.who.run(t))
			a := newAt(t, c.who.Dir)
			for d := filepath.Dir(a.File("k")); d != dir; d = filepath.Dir(d) {
				require.Equal(t, c.wantDirs, ownershipOf(t, d), d)
			}
			require.Equal(t, c.wantFiles, ownershipOf(t, a.File("k")))
			if c.dir.uid == php {
				require.Zero(t, process{UID: php, GID: php, Dir: c.who.Dir, Umask: 0o022}.run(t), "PHP can go on writing")
				v, err := a.Get(t.Context(), "k")
				require.NoError(t, err)
				require.Equal(t, "by 33", string(v[0]))
			}
		})
	}
}

// In a directory that is open to every user, such as /tmp, only PHP's user and
// root make the cache, for PHP's user.
func TestOpenDirectory_PassesNoRightsOn(t *testing.T) {
	asPHP := process{UID: php, GID: php}
	other := process{UID: goUser, GID: goUser, Groups: []int{php}}
	byPHP := ownership{php, php, 0o755}
	for _, c := range []struct {
		name    string
		who     process
		dir     ownership
		mosparo ownership // zero: not known
		varDir  ownership // zero: there is none
		want    ownership // zero: refused
	}{
		{"root", process{}, ownership{0, 0, 0o777 | fs.ModeSticky}, byPHP, ownership{}, byPHP},
		{"root, world-writable only", process{}, ownership{0, 0, 0o777}, byPHP, ownership{}, byPHP},
		{"root, sticky only", process{}, ownership{0, php, 0o775 | fs.ModeSticky}, byPHP, ownership{}, byPHP},
		{"root, whose code PHP runs", process{}, ownership{0, 0, 0o777 | fs.ModeSticky}, ownership{0, 0, 0o755}, byPHP, byPHP},
		{"root, PHP runs as root", process{}, ownership{0, 0, 0o777 | fs.ModeSticky}, ownership{0, 0, 0o755}, ownership{}, ownership{0, 0, 0o755}},
		{"root that does not know PHP's user", process{}, ownership{0, 0, 0o777 | fs.ModeSticky}, ownership{}, ownership{}, ownership{}},
		{"PHP's user", asPHP, ownership{0, 0, 0o777 | fs.ModeSticky}, byPHP, ownership{}, byPHP},
		{"PHP's user that does not know it", asPHP, ownership{0, 0, 0o777 | fs.ModeSticky}, ownership{}, ownership{}, ownership{}},
		{"another user", other, ownership{0, 0, 0o777 | fs.ModeSticky}, byPHP, ownership{}, ownership{}},
		{"another user that does not know PHP's", other, ownership{0, 0, 0o777 | fs.ModeSticky}, ownership{}, ownership{}, ownership{}},
		{"another user, in a directory of PHP's", other, ownership{php, php, 0o777}, ownership{}, ownership{}, ownership{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := shared(t, c.dir.uid, c.dir.gid, c.dir.mode)
			mosparo := filepath.Join(filepath.Dir(dir), "mosparo")
			for path, is := range map[string]ownership{mosparo: c.mosparo, filepath.Join(mosparo, "var"): c.varDir} {
				if is != (ownership{}) {
					require.NoError(t, os.MkdirAll(path, 0o755))
					require.NoError(t, os.Chown(path, is.uid, is.gid))
					c.who.OwnerOf = mosparo
				}
			}
			c.who.Dir = filepath.Join(dir, "symfony-cache")
			for _, op := range []string{"ping", "set"} {
				c.who.Op = op
				if c.want == (ownership{}) {
					require.Equal(t, exitUnavailable, c.who.run(t), op)
					require.Empty(t, files(t, dir))
					require.NoDirExists(t, c.who.Dir)
					continue
				}
				require.Zero(t, c.who.run(t), op)
			}
			if c.want == (ownership{}) {
				return
			}
			a := newAt(t, c.who.Dir)
			for d := filepath.Dir(a.File("k")); d != dir; d = filepath.Dir(d) {
				require.Equal(t, c.want, ownershipOf(t, d), d)
			}
			require.Equal(t, ownership{c.want.uid, c.want.gid, 0o644}, ownershipOf(t, a.File("k")))
			require.Zero(t, process{UID: c.want.uid, GID: c.want.gid, Dir: c.who.Dir, Umask: 0o022}.run(t), "PHP can go on writing")
		})
	}
}

// An earlier version, or PHP without umask, made the cache open to every user.
func TestOpenDirectory_ThatIsThereIsReadAndWrittenForPHPOnly(t *testing.T) {
	dir := shared(t, php, php, 0o777)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "@"), 0o700))
	require.NoError(t, os.Chmod(filepath.Join(dir, "@"), 0o777))
	require.NoError(t, os.Chown(filepath.Join(dir, "@"), php, php))
	require.Equal(t, exitUnavailable, process{UID: goUser, GID: goUser, Dir: dir}.run(t))
	require.Zero(t, process{UID: php, GID: php, Dir: dir}.run(t))
	var log strings.Builder
	a, err := New(dir, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	v, err := a.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "by 33", string(v[0]))
	require.NoError(t, a.Ping(t.Context()))
	require.NoError(t, a.Ping(t.Context()))
	require.Equal(t, 1, strings.Count(log.String(), "every user"), log.String())
}

func TestOpenDirectory_InWhichAThirdUserMadeTheCacheIsRefused(t *testing.T) {
	dir := shared(t, 0, 0, 0o777|fs.ModeSticky)
	mosparo := filepath.Join(filepath.Dir(dir), "mosparo")
	require.NoError(t, os.Mkdir(mosparo, 0o755))
	require.NoError(t, os.Chown(mosparo, php, php))
	planted := filepath.Join(dir, "symfony-cache")
	require.NoError(t, os.Mkdir(planted, 0o755))
	require.NoError(t, os.Chown(planted, goUser, goUser))
	require.Equal(t, exitUnavailable, process{Dir: planted, OwnerOf: mosparo}.run(t))
	require.Empty(t, files(t, dir))
	require.NoError(t, os.Chown(planted, php, php))
	require.Zero(t, process{Dir: planted, OwnerOf: mosparo}.run(t))
}

func TestWrites_ThatWouldShutPHPOutAreRefused(t *testing.T) {
	dir := shared(t, php, php, 0o770)
	require.Equal(t, exitShutOut, process{UID: goUser, GID: goUser, Dir: dir, Op: "hand over"}.run(t))
	require.Zero(t, process{UID: goUser, GID: goUser, Groups: []int{php}, Dir: dir, Op: "hand over"}.run(t))
}

func TestDirectoryThatCannotBeWritten_IsUnauthorized(t *testing.T) {
	dir := shared(t, php, php, 0o755)
	for _, op := range []string{"set", "ping"} {
		require.Equal(t, exitUnauthorized, process{UID: goUser, GID: goUser, Dir: dir, Op: op}.run(t), op)
		require.Equal(t, exitUnauthorized, process{UID: goUser, GID: goUser, Dir: filepath.Join(dir, "deeper"), Op: op}.run(t), op)
	}
	// The directory of the cache may be open while PHP made one in it that is not.
	require.Zero(t, process{UID: php, GID: php, Dir: dir}.run(t))
	require.NoError(t, os.Chown(filepath.Join(dir, "@"), goUser, goUser))
	require.Equal(t, exitUnauthorized, process{UID: goUser, GID: goUser, Dir: dir}.run(t))
}

func TestLinks_OfAThirdUserAreNotFollowed(t *testing.T) {
	for _, at := range []string{"", "@"} {
		dir := shared(t, php, php, 0o755)
		elsewhere := shared(t, 0, 0, 0o755)
		link := filepath.Join(dir, "linked", at)
		require.NoError(t, os.MkdirAll(filepath.Dir(link), 0o755))
		require.NoError(t, os.Symlink(elsewhere, link))
		require.NoError(t, os.Lchown(link, php, php))
		cacheDir := filepath.Join(dir, "linked")
		for _, op := range []string{"ping", "set"} {
			require.Equal(t, exitUnavailable, process{Dir: cacheDir, Op: op}.run(t))
		}
		require.Empty(t, files(t, elsewhere))
		a := newAt(t, cacheDir)
		_, err := a.Get(t.Context(), "k")
		if at == "@" { // elsewhere the entries are not there to be read
			require.ErrorIs(t, err, cache.ErrUnavailable)
			require.ErrorContains(t, err, link)
			require.ErrorIs(t, a.Delete(t.Context(), "k"), cache.ErrUnavailable)
			_, err = a.Clear(t.Context())
			require.ErrorIs(t, err, cache.ErrUnavailable)
		}

		require.NoError(t, os.Lchown(link, 0, 0))
		require.Zero(t, process{Dir: cacheDir}.run(t), "an operator's link")
		require.NotEmpty(t, files(t, elsewhere))
	}
}
