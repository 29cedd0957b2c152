package fileadapter

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	cachetest.Conformance(t, func(t *testing.T) cache.Adapter { return newAt(t, t.TempDir()) })
}

func TestConformance_WithANamespaceAndALimit(t *testing.T) {
	t.Parallel()
	cachetest.Conformance(t, func(t *testing.T) cache.Adapter {
		return newAt(t, t.TempDir(), WithNamespace("ns"), WithMaxValueSize(1<<20))
	})
}

func item(k, v string) cache.Item { return cache.Item{Key: k, Value: []byte(v)} }

func TestSet_LeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	a := newAt(t, dir)
	require.NoError(t, a.Set(t.Context(), item("a", "1"), item("b", "2"), item("a", "3")))
	require.ElementsMatch(t, []string{Path("a"), Path("b")}, files(t, dir))

	// A directory stands where a file belongs.
	require.NoError(t, os.MkdirAll(filepath.Join(a.File("c"), "x"), 0o755))
	err := a.Set(t.Context(), item("d", "1"), item("c", "1"), item("e", "1"))
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, []string{"c", "e"}, op.Keys, "the keys that were not written")
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.ElementsMatch(t, []string{Path("a"), Path("b"), Path("d")}, files(t, dir))
}

// onWarning runs with the first log line.
type onWarning struct {
	slog.Handler
	do func()
}

func (onWarning) Enabled(context.Context, slog.Level) bool { return true }

func (h onWarning) Handle(context.Context, slog.Record) error {
	h.do()
	return nil
}

// Of two processes that make the directory at the same moment, the later one
// replaces that of the earlier one while it is empty.
func TestSet_FollowsItsDirectoryThatWasReplaced(t *testing.T) {
	for name, call := range map[string]func(*Adapter) error{
		"set":  func(a *Adapter) error { return a.Set(t.Context(), item("k", "v")) },
		"ping": func(a *Adapter) error { return a.Ping(t.Context()) },
	} {
		dir := t.TempDir()
		replace := func() {
			another := filepath.Join(dir, "another")
			require.NoError(t, os.Mkdir(another, 0o755))
			require.NoError(t, syscall.Rename(another, filepath.Join(dir, noNamespace))) // os.Rename replaces no directory
		}
		require.NoError(t, os.Mkdir(filepath.Join(dir, noNamespace), 0o755))
		require.NoError(t, os.Chmod(filepath.Join(dir, noNamespace), 0o777)) // of which it warns
		a := newAt(t, dir, WithOwnerOf(dir), WithLogger(slog.New(onWarning{slog.DiscardHandler, replace})))
		require.NoError(t, call(a), name)
	}
}

func TestSet_WritesNothingWhenAnItemCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	a := newAt(t, dir)
	blocked := filepath.Dir(filepath.Dir(a.File("c")))
	require.NoError(t, os.MkdirAll(filepath.Dir(blocked), 0o755))
	require.NoError(t, os.WriteFile(blocked, nil, 0o644))
	require.Error(t, a.Set(t.Context(), item("a", "1"), item("c", "1")))
	require.Len(t, files(t, dir), 1)
}

func TestGet_RefusesAHugeFile(t *testing.T) {
	a := newAt(t, t.TempDir(), WithMaxValueSize(1000))
	require.NoError(t, a.Set(t.Context(), item("k", "1"), item("small", "1")))
	require.NoError(t, os.WriteFile(a.File("k"), []byte("0\nk\n"+strings.Repeat("x", 1001)), 0o644))
	v, err := a.Get(t.Context(), "k", "small")
	require.ErrorIs(t, err, cache.ErrTooLarge)
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, []string{"k"}, op.Keys)
	require.Equal(t, "1", string(v[1]), "the other key is read")

	// A sparse file of 1 TiB is not read at all.
	require.NoError(t, os.Truncate(a.File("k"), 1<<40))
	_, err = a.Get(t.Context(), "k")
	require.ErrorIs(t, err, cache.ErrTooLarge)
}

// 0 is the default, as in all adapters: a program that passes on an option of its own does
// not lose the limit with it.
func TestMaxValueSize_HasADefault(t *testing.T) {
	for bytes, want := range map[int]int{0: cache.DefaultMaxValueSize, 1000: 1000, math.MaxInt - 1: math.MaxInt - 1, math.MaxInt: 0} {
		a := newAt(t, t.TempDir(), WithMaxValueSize(bytes))
		require.Equal(t, want, a.MaxValueSize())
		require.NoError(t, a.Set(t.Context(), item("k", "1")))
		v, err := a.Get(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, "1", string(v[0]))
		if want == cache.DefaultMaxValueSize {
			require.NoError(t, os.Truncate(a.File("k"), 1<<40))
			_, err = a.Get(t.Context(), "k")
			require.ErrorIs(t, err, cache.ErrTooLarge)
		}
	}
}

func TestGet_KeepsAFreshFileThatReplacedTheExpiredOne(t *testing.T) {
	a := newAt(t, t.TempDir())
	require.NoError(t, a.Set(t.Context(), item("k", "old")))
	f, err := os.Open(a.File("k"))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, a.Set(t.Context(), item("k", "new")))
	require.False(t, a.removeExpired(entryPath("k"), f))
	v, err := a.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "new", string(v[0]))
}

func TestLifetime_EndsAtAFullSecondAndIsNeverShorter(t *testing.T) {
	base := time.Unix(1_795_445_130, 0)
	for _, c := range []struct {
		after, ttl time.Duration
		want       int64
	}{
		{0, 0, 0},
		{0, time.Second, 1},
		{0, time.Nanosecond, 1},
		{900 * time.Millisecond, time.Second, 2},
		{900 * time.Millisecond, 100 * time.Millisecond, 1},
		{1, time.Hour, 3601},
	} {
		got := expiry(base.Add(c.after), c.ttl)
		if c.want != 0 {
			got -= base.Unix()
		}
		require.Equal(t, c.want, got, "%+v", c)
	}
}

func TestPrune_RemovesExpiredFilesOfOthersAndOldTemporaryOnes(t *testing.T) {
	dir := t.TempDir()
	a := newAt(t, dir)
	require.NoError(t, a.Set(t.Context(), item("mosparoA", "1"), item("foreign", "1")))
	require.NoError(t, os.WriteFile(a.File("foreign"), []byte("1\nforeign\nx"), 0o644))
	old := sharedfiles.TemporaryName(time.Now().Add(-2 * time.Hour))
	young := sharedfiles.TemporaryName(time.Now())
	for _, name := range []string{old, young, "0123456789ab"} {
		require.NoError(t, os.WriteFile(filepath.Join(a.Dir(), name), nil, 0o644))
	}
	setAge(t, 2*time.Hour, filepath.Join(a.Dir(), old))
	n, err := a.Prune(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.ElementsMatch(t, []string{Path("mosparoA"), "@/" + young, "@/0123456789ab"}, files(t, dir))
}

// A process may be killed when it has made a directory and not yet given it its
// name.
func TestPrune_RemovesDirectoriesThatNeverGotTheirName(t *testing.T) {
	a := newAt(t, t.TempDir())
	require.NoError(t, a.Set(t.Context(), item("mosparoA", "1")))
	inner := filepath.Dir(filepath.Dir(a.File("mosparoA")))
	begun := time.Now().Add(-2 * time.Hour)
	var gone, stay []string
	for _, dir := range []string{a.Dir(), inner} {
		old, used, young := sharedfiles.TemporaryName(begun), sharedfiles.TemporaryName(begun), sharedfiles.TemporaryName(time.Now())
		gone = append(gone, filepath.Join(dir, old))
		stay = append(stay, filepath.Join(dir, young), filepath.Join(dir, used), filepath.Join(dir, "mosparoGo-empty"))
		require.NoError(t, os.MkdirAll(filepath.Join(dir, used, "somebody's"), 0o700))
	}
	for _, dir := range append(gone, stay...) {
		require.NoError(t, os.MkdirAll(dir, 0o700))
	}
	setAge(t, 2*time.Hour, gone...)
	_, err := a.Prune(t.Context())
	require.NoError(t, err)
	for _, dir := range gone {
		require.NoDirExists(t, dir)
	}
	for _, dir := range stay {
		require.DirExists(t, dir)
	}
}

// setAge makes files and directories look unchanged for so long.
func setAge(t *testing.T, age time.Duration, paths ...string) {
	t.Helper()
	for _, path := range paths {
		require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}
}

func TestList_SkipsFilesThatAreNotWhereTheirKeyBelongs(t *testing.T) {
	a := newAt(t, t.TempDir())
	require.NoError(t, a.Set(t.Context(), item("a", "1"), item("b", "1")))
	require.NoError(t, os.WriteFile(a.File("b"), []byte("0\na\nx"), 0o644))
	var keys []string
	for k, err := range a.List(t.Context(), "") {
		require.NoError(t, err)
		keys = append(keys, k)
	}
	require.Equal(t, []string{"a"}, keys)
}

func TestAbsentDirectory_IsAnEmptyCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there")
	a := newAt(t, dir)
	v, err := a.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Nil(t, v[0])
	require.NoError(t, a.Delete(t.Context(), "k"))
	_, err = a.Clear(t.Context())
	require.NoError(t, err)
	_, err = a.Prune(t.Context())
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Dir(dir))
}

func TestCancelledContext_IsNoticedBetweenFiles(t *testing.T) {
	a := newAt(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Get(ctx, "a", "b")
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, []string{"a", "b"}, op.Keys)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, cache.ErrUnavailable)
}

func TestClassify_NamesTheCondition(t *testing.T) {
	for err, want := range map[error]error{
		syscall.EACCES: cache.ErrUnauthorized,
		syscall.EPERM:  cache.ErrUnauthorized,
		syscall.EROFS:  cache.ErrReadOnly,
		syscall.ENOSPC: cache.ErrFull,
		syscall.EDQUOT: cache.ErrFull,
		syscall.EFBIG:  cache.ErrTooLarge,
		syscall.EIO:    cache.ErrUnavailable,
		syscall.ESTALE: cache.ErrUnavailable,
	} {
		wrapped := classify(&fs.PathError{Op: "open", Path: "x", Err: err})
		require.ErrorIs(t, wrapped, want)
		require.ErrorIs(t, wrapped, err)
	}
	require.Equal(t, context.Canceled, classify(context.Canceled))
}

func TestRetryStale_RepeatsWhatNFSCallsStale(t *testing.T) {
	n := 0
	require.NoError(t, retryStale(func() error {
		if n++; n < 3 {
			return &fs.PathError{Err: syscall.ESTALE}
		}
		return nil
	}))
	require.Equal(t, 3, n)
}

func BenchmarkAdapter(b *testing.B) {
	a, err := New(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	cachetest.Benchmark(b, a)
}

func BenchmarkPath(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Path("mosparoNextCleanup")
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	// On a PHP node's machine: os.Getenv("FILESYSTEM_CACHE_PATH").
	a, err := New(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	ctx := context.Background()
	err = a.Set(ctx, cache.Item{Key: "mosparoNextCleanup", Value: []byte("N;")})
	fmt.Println(err)
	values, err := a.Get(ctx, "mosparoNextCleanup")
	fmt.Printf("%s %v\n", values[0], err)
	fmt.Println(Path("mosparoNextCleanup"))
	// Output:
	// <nil>
	// N; <nil>
	// @/P/X/-ZxzUKRmXBNiouVz1mRg
}
