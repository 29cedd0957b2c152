package filelocker_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/locktest"
)

func open(t *testing.T, dir string) *filelocker.Backend {
	t.Helper()
	b, err := filelocker.New(dir)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("skipped: needs flock")
	}
	require.NoError(t, err)
	return b
}

func acquire(t *testing.T, b *filelocker.Backend, name string, ttl time.Duration) (token lock.Token, fence uint64) {
	t.Helper()
	token = locktest.NewToken()
	fence, err := b.Acquire(t.Context(), name, lock.Claim{Token: token}, ttl)
	require.NoError(t, err)
	return token, fence
}

func requireHeld(t *testing.T, b *filelocker.Backend, name string) lock.HeldError {
	t.Helper()
	_, err := b.Acquire(t.Context(), name, lock.Claim{Token: locktest.NewToken()}, time.Minute)
	var held *lock.HeldError
	require.ErrorAs(t, err, &held)
	return *held
}

func TestConformance(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	locktest.Conformance(t, func(t *testing.T) lock.Backend { return open(t, dir) })
}

func TestConformance_WithTheClockOfAServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	locktest.Conformance(t, func(t *testing.T) lock.Backend {
		b := open(t, dir)
		b.AsOnTheNetwork()
		return b
	})
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, f := range left {
		require.True(t, strings.HasSuffix(f, ".lock"), f)
	}
}

func TestNew_RefusesDirectoriesOfOthers(t *testing.T) {
	open(t, t.TempDir())
	for _, dir := range []string{"", "/var/cache/@", "/var/cache/@/locks", "/var/cache/@/A/B/locks", "/srv/mosparo/public/resources", "/srv/mosparo/public/resources/locks"} {
		_, err := filelocker.New(filepath.FromSlash(dir))
		require.Error(t, err, dir)
	}
	open(t, filepath.FromSlash("/srv/resources/public"))
	open(t, filepath.FromSlash("/mnt/@/var/cache/locks")) // a volume
}

func TestFile_IsShortAndTellsNamesApart(t *testing.T) {
	b := open(t, t.TempDir())
	long := strings.Repeat("\xff", 200)
	seen := map[string]string{}
	for _, n := range []string{"job", "Job", "JOB", "..", "a/b", long, long[1:], long[1:] + "\xfe"} {
		file := filepath.Base(b.File(n))
		require.LessOrEqual(t, len(file), 140)
		require.NotContains(t, seen, strings.ToLower(file), "file systems may not tell upper from lower case")
		seen[strings.ToLower(file)] = n
		acquire(t, b, n, time.Minute)
	}
	var names []string
	for h, err := range b.Holders(t.Context()) {
		require.NoError(t, err)
		names = append(names, h.Name)
	}
	require.ElementsMatch(t, []string{"job", "Job", "JOB", "..", "a/b", long, long[1:], long[1:] + "\xfe"}, names)
}

// The clock of the file server alone counts, however far it is from ours.
func TestLease_AgesByTheClockOfTheFileServer(t *testing.T) {
	for _, skew := range []time.Duration{-1000 * time.Hour, 1000 * time.Hour} {
		now := time.Now().Add(skew)
		b := open(t, t.TempDir())
		b.SetClock(func() time.Time { return now })
		token, fence := acquire(t, b, "n", time.Minute)
		now = now.Add(time.Minute - 1)
		require.Equal(t, time.Nanosecond, requireHeld(t, b, "n").ExpiresIn)
		require.NoError(t, b.Renew(t.Context(), "n", token, time.Minute))
		now = now.Add(time.Minute)
		require.ErrorIs(t, b.Renew(t.Context(), "n", token, time.Minute), lock.ErrLost)
		require.ErrorIs(t, b.Release(t.Context(), "n", token), lock.ErrLost)
		_, next := acquire(t, b, "n", time.Minute)
		require.Greater(t, next, fence)
	}
}

func TestLease_DoesNotLastForEverWhenTheServersClockIsSetBack(t *testing.T) {
	now := time.Now().Add(1000 * time.Hour)
	b := open(t, t.TempDir())
	b.SetClock(func() time.Time { return now })
	_, fence := acquire(t, b, "n", time.Minute)
	now = now.Add(-1000 * time.Hour)
	require.Equal(t, time.Minute, requireHeld(t, b, "n").ExpiresIn, "its age is unknown: it starts again")
	now = now.Add(59 * time.Second)
	requireHeld(t, b, "n")
	now = now.Add(time.Second)
	_, next := acquire(t, b, "n", time.Minute)
	require.Greater(t, next, fence, "fences rise nevertheless")
}

func TestLease_IsKeptLongerWhereTimesAreWholeSeconds(t *testing.T) {
	at := time.Now().Truncate(time.Second)
	now := at
	b := open(t, t.TempDir())
	b.SetClock(func() time.Time { return now })
	acquire(t, b, "n", time.Minute) // in fact up to a second or two later than now
	now = at.Add(time.Minute + time.Second)
	requireHeld(t, b, "n")
	now = at.Add(time.Minute + 2*time.Second)
	acquire(t, b, "n", time.Minute)
}

func TestFence_RisesAlthoughTheDirectoryWasLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "locks")
	b := open(t, dir)
	token, fence := acquire(t, b, "n", time.Minute)
	require.NoError(t, os.RemoveAll(dir))
	require.ErrorIs(t, b.Renew(t.Context(), "n", token, time.Minute), lock.ErrLost)
	_, err := b.Holder(t.Context(), "n")
	require.ErrorIs(t, err, lock.ErrNotHeld)
	_, next := acquire(t, b, "n", time.Minute)
	require.Greater(t, next, fence)
	require.ErrorIs(t, b.Release(t.Context(), "n", token), lock.ErrLost)
}

func TestPrune_RemovesFilesOfUnusedNames(t *testing.T) {
	now := time.Now().Add(-filelocker.Unused - time.Hour)
	b := open(t, t.TempDir())
	b.SetClock(func() time.Time { return now })
	age := func(name string) {
		require.NoError(t, os.Chtimes(b.File(name), now, now))
	}
	token, fence := acquire(t, b, "released", time.Minute)
	require.NoError(t, b.Release(t.Context(), "released", token))
	acquire(t, b, "expired", time.Minute)
	acquire(t, b, "for long", 2*filelocker.Unused)
	for _, n := range []string{"released", "expired", "for long"} {
		age(n)
	}
	killed := filepath.Join(b.Dir(), sharedfiles.TemporaryName(now))
	require.NoError(t, os.WriteFile(killed, nil, 0o600))
	require.NoError(t, os.Chtimes(killed, now, now))
	now = time.Now()
	acquire(t, b, "new", time.Minute)
	require.NoFileExists(t, killed)
	require.NoFileExists(t, b.File("released"))
	require.NoFileExists(t, b.File("expired"))
	requireHeld(t, b, "for long")
	_, next := acquire(t, b, "released", time.Minute)
	require.Greater(t, next, fence)
}

// The clock of a node may be hours off: what another one writes just now stays,
// and what is left goes.
func TestLeftOvers_AreJudgedByTheServersClock(t *testing.T) {
	b, now := open(t, t.TempDir()), time.Now()
	acquire(t, b, "n", time.Minute)
	temporary := func(nameAt, modified time.Time) string {
		file := filepath.Join(b.Dir(), sharedfiles.TemporaryName(nameAt))
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		require.NoError(t, os.Chtimes(file, modified, modified))
		return file
	}
	inUse, left := temporary(now.Add(-3*time.Hour), now), temporary(now.Add(3*time.Hour), now.Add(-2*time.Hour))
	acquire(t, open(t, b.Dir()), "another", time.Minute)
	require.FileExists(t, inUse)
	require.NoFileExists(t, left)
}

// A minutely job does not leave a file behind for every minute of a month.
func TestFilesOfUsedSlotsAreRemovedSoonAfterTheirRetention(t *testing.T) {
	now := time.Now().Add(-3 * time.Hour)
	b := open(t, t.TempDir())
	b.SetClock(func() time.Time { return now })
	l := lock.New(b)
	defer l.Close()
	for slot, retention := range map[string]time.Duration{"over": time.Hour, "remembered": 24 * time.Hour} {
		require.NoError(t, l.Once(t.Context(), lock.Slot{Name: "job", Key: slot}, retention))
		require.NoError(t, os.Chtimes(b.File("mosparo/once/job@"+slot), now, now))
	}
	now = time.Now()
	require.NoError(t, l.Once(t.Context(), lock.Slot{Name: "job", Key: "next"}, time.Hour))
	require.NoFileExists(t, b.File("mosparo/once/job@over"))
	require.FileExists(t, b.File("mosparo/once/job@remembered"))
	require.ErrorIs(t, l.Once(t.Context(), lock.Slot{Name: "job", Key: "remembered"}, time.Hour), lock.ErrHeld)
}

// A job that runs each second, or many that run each minute, use more slots in
// an hour than one look removes.
func TestFilesOfUsedSlotsDoNotGrowInNumber(t *testing.T) {
	const slots = 500
	now := time.Now().Add(-3 * time.Hour)
	b := open(t, t.TempDir())
	b.SetClock(func() time.Time { return now })
	l := lock.New(b)
	defer l.Close()
	for i := range slots {
		slot := strconv.Itoa(i)
		require.NoError(t, l.Once(t.Context(), lock.Slot{Name: "job", Key: slot}, time.Hour))
		require.NoError(t, os.Chtimes(b.File("mosparo/once/job@"+slot), now, now))
	}
	for now = now.Add(2 * time.Hour); now.Before(time.Now().Add(-30 * time.Minute)); now = now.Add(time.Minute) {
		acquire(t, b, "another", time.Second)
	}
	files, err := os.ReadDir(b.Dir())
	require.NoError(t, err)
	require.Less(t, len(files), slots/8)
}

func TestClear_LeavesWhatIsHeldAndWhatIsOfOthers(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "locks"))
	n, err := b.Clear(t.Context())
	require.NoError(t, err, "nothing was ever there")
	require.Zero(t, n)

	token, fence := acquire(t, b, "held", time.Minute)
	for _, name := range []string{"one", "two"} {
		token, _ := acquire(t, b, name, time.Minute)
		require.NoError(t, b.Release(t.Context(), name, token))
	}
	n, err = b.Clear(t.Context())
	var held *lock.HeldError
	require.ErrorAs(t, err, &held)
	require.Equal(t, "held", held.Name)
	require.Equal(t, 2, n)
	require.FileExists(t, b.File("held"))
	require.NoError(t, b.Renew(t.Context(), "held", token, time.Minute), "its holder has not noticed")

	require.NoError(t, b.Release(t.Context(), "held", token))
	theirs := filepath.Join(b.Dir(), "README")
	require.NoError(t, os.WriteFile(theirs, nil, 0o600))
	n, err = b.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.FileExists(t, theirs)
	require.NoError(t, os.Remove(theirs))
	_, err = b.Clear(t.Context())
	require.NoError(t, err)
	require.NoDirExists(t, b.Dir())
	_, next := acquire(t, b, "held", time.Minute)
	require.Greater(t, next, fence, "fences rise nevertheless")
}

// The directory may be on another volume than the cache.
func TestClear_LeavesALinkToTheDirectory(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "locks")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip("skipped: ", err)
	}
	b := open(t, link)
	token, _ := acquire(t, b, "n", time.Minute)
	require.NoError(t, b.Release(t.Context(), "n", token))
	n, err := b.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	acquire(t, b, "n", time.Minute)
	require.FileExists(t, filepath.Join(dir, filepath.Base(b.File("n"))), "and not in a new directory of this machine")
}

func TestLocker_OverFiles(t *testing.T) {
	dir := t.TempDir()
	one, other := lock.New(open(t, dir)), lock.New(open(t, dir))
	defer one.Close()
	defer other.Close()
	ctx := t.Context()
	lease, err := one.Acquire(ctx, "job", lock.WithLabel("first"))
	require.NoError(t, err)
	_, err = other.Acquire(ctx, "job")
	require.ErrorIs(t, err, lock.ErrHeld)
	h, err := other.Holder(ctx, "job")
	require.NoError(t, err)
	require.Equal(t, "first", h.Owner.Label)
	require.Equal(t, lease.Fence(), h.Fence)
	require.NoError(t, lease.Renew(ctx))
	require.NoError(t, other.Break(ctx, "job"))
	require.ErrorIs(t, lease.Renew(ctx), lock.ErrLost)

	second, err := other.Acquire(ctx, "job")
	require.NoError(t, err)
	require.Greater(t, second.Fence(), lease.Fence())
	require.NoError(t, second.Release(ctx))
	require.NoError(t, one.Once(ctx, lock.Slot{Name: "report", Key: "2026-03-01"}, time.Hour))
	require.ErrorIs(t, other.Once(ctx, lock.Slot{Name: "report", Key: "2026-03-01"}, time.Hour), lock.ErrHeld)
}

func TestOwner_ThatIsTooLongIsRefused(t *testing.T) {
	b := open(t, t.TempDir())
	_, err := b.Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken(), Owner: lock.Owner{Host: strings.Repeat("h", filelocker.SlotSize)}}, time.Minute)
	var wrong *lock.ArgumentError
	require.ErrorAs(t, err, &wrong)
	_, err = b.Holder(t.Context(), "n")
	require.ErrorIs(t, err, lock.ErrNotHeld)
}

func Example() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	backend, err := filelocker.New(filepath.Join(dir, "mosparoGoLock")) // beside the cache, on all nodes
	if err != nil {
		log.Fatal(err)
	}
	locker := lock.New(backend)
	defer locker.Close()

	err = locker.Do(context.Background(), "report", func(ctx context.Context) error {
		fmt.Println("one node at a time comes here")
		return nil
	}, lock.WithTTL(15*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	// Output: one node at a time comes here
}

// On a file system without links a file has its name before it has its size.
func TestMakeFile_LeavesAFileThatIsInUse(t *testing.T) {
	b := open(t, t.TempDir())
	var token lock.Token
	require.NoError(t, b.MakeWithoutLinks("n", func() { token, _ = acquire(t, b, "n", time.Minute) }))
	requireHeld(t, b, "n")
	require.NoError(t, b.Release(t.Context(), "n", token))
	require.NoError(t, b.MakeWithoutLinks("m", func() {}))
	fi, err := os.Stat(b.File("m"))
	require.NoError(t, err)
	require.EqualValues(t, filelocker.FileSize, fi.Size())
	acquire(t, b, "m", time.Minute)
}
