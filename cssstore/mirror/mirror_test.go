package cssstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func always(projects ...cssstore.UUID) func(context.Context) ([]cssstore.UUID, error) {
	return func(context.Context) ([]cssstore.UUID, error) { return projects, nil }
}

// running runs a mirror in a bubble, until the test ends.
func running(t *testing.T, m *cssstore.Mirror) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
}

func TestMirror_FollowsWithinSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, dir := cssstoretest.NewFake(), t.TempDir()
		to := cssstore.NewFiles(dir, nil)
		running(t, cssstore.NewMirror(from, to, always(project, cssstore.UUID{9})))
		has := func(css string) {
			t.Helper()
			r, err := to.Get(t.Context(), project)
			require.NoError(t, err)
			require.Equal(t, css, string(r.CSS))
		}
		require.NoError(t, from.Put(t.Context(), resource("a")))
		time.Sleep(cssstore.DefaultMirrorInterval + time.Second)
		has("a")

		require.NoError(t, from.Put(t.Context(), resource("b")))
		time.Sleep(cssstore.DefaultMirrorInterval + time.Second)
		has("b")
		require.FileExists(t, filepath.Join(dir, project.String(), hashOf("a").String()+".css"), "for its grace time")

		r := resource("c")
		r.Hash = hashOf("b")
		require.NoError(t, from.Put(t.Context(), r))
		time.Sleep(cssstore.DefaultCompareInterval + 2*cssstore.DefaultMirrorInterval)
		has("c")

		from.PutAsPHP(resource("php"))
		time.Sleep(2*cssstore.DefaultMirrorInterval + time.Second)
		has("php")

		require.NoError(t, from.Delete(t.Context(), project))
		time.Sleep(time.Minute)
		has("php") // the project is there, its css lost
	})
}

func TestMirror_FollowsWithinSecondsWhenPHPPreparesAllProjectsAnew(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		const count = 100
		to := cssstoretest.NewFake()
		var all []cssstore.UUID
		for i := range count {
			all = append(all, cssstore.UUID{1, byte(i)})
			require.NoError(t, s.Put(t.Context(), cssstore.Resource{Project: all[i], Hash: hashOf("design"), CSS: []byte("old")}))
		}
		running(t, cssstore.NewMirror(s, to, always(all...)))
		time.Sleep(3 * time.Second)
		require.Equal(t, count, to.Calls("put"))
		for i, p := range all {
			set := func(what, value string) {
				require.NoError(t, cache.Key[string]("design_"+p.String()+what).Set(t.Context(), php.pool, value, 0))
			}
			set("_content", "new")
			if i%2 > 0 {
				set("_hash", hashOf("another design").String())
			}
		}
		time.Sleep(cssstore.DefaultCompareInterval + 3*cssstore.DefaultMirrorInterval)
		for _, p := range all {
			r, err := to.Get(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, "new", string(r.CSS))
		}
	})
}

func TestMirror_CopiesOnlyWhatIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
		m := cssstore.NewMirror(from, to, always(project))
		from.PutAsPHP(resource("php"))
		ctx, cancel := context.WithTimeout(t.Context(), cssstore.SettleTime/2)
		defer cancel()
		d, err := m.Sync(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []cssstore.Drift{{Project: project, Kind: cssstore.DriftUnsettled, Want: hashOf("php")}}, d)
		require.Zero(t, to.Calls("put"))
	})
}

// A mirror that a cron job starts makes one pass.
func TestMirror_ASinglePassWaitsUntilWhatPHPStoredIsSettled(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		const count = 100
		to := cssstoretest.NewFake()
		var all []cssstore.UUID
		for i := range count {
			all = append(all, cssstore.UUID{1, byte(i)})
			for what, value := range map[string]string{"_content": "php", "_hash": hashOf("php").String()} {
				require.NoError(t, cache.Key[string]("design_"+all[i].String()+what).Set(t.Context(), php.pool, value, 0))
			}
		}
		began := time.Now()
		d, err := cssstore.NewMirror(s, to, always(all...)).Drift(t.Context())
		require.NoError(t, err)
		require.Len(t, d, count)
		require.Equal(t, cssstore.DriftMissing, d[0].Kind)
		d, err = cssstore.NewMirror(s, to, always(all...)).Sync(t.Context())
		require.NoError(t, err)
		require.Len(t, d, count)
		require.Equal(t, count, to.Calls("put"))
		require.Less(t, time.Since(began), 4*cssstore.SettleTime, "they settle at the same time")
	})
}

// Folders on the disks of several nodes have nothing to do with one another: a
// node that died with a lock of the cluster holds up none of them.
func TestMirror_OnItsOwnDiskTakesNoLockOfTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, locker := cssstoretest.NewFake(), newLocker(t)
		require.NoError(t, from.Put(t.Context(), resource("a")))
		for _, name := range []string{"cssfiles." + project.String(), "cssmappings"} {
			_, err := locker.Acquire(t.Context(), name)
			require.NoError(t, err)
		}
		began := time.Now()
		for range 3 {
			to := cssstore.NewFiles(t.TempDir(), locker, cssstore.WithMappings())
			_, err := cssstore.NewMirror(from, to, always(project)).Sync(t.Context())
			require.NoError(t, err)
			require.Equal(t, "a", string(get(t, to).CSS))
		}
		require.Zero(t, time.Since(began))
	})
}

// heldMappings are files in a folder whose mappings.php another writer locks.
func heldMappings(t *testing.T) (s *cssstore.Files, unlock func()) {
	t.Helper()
	dir := t.TempDir()
	unlock, err := sharedfiles.Folder{Path: dir}.Lock(t.Context(), "mosparoGo.lock")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("skipped: needs flock")
	}
	require.NoError(t, err)
	return cssstore.NewFiles(dir, nil, cssstore.WithMappings()), unlock
}

func TestMirror_OneHeldLockDoesNotStopThePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := cssstoretest.NewFake()
		to, unlock := heldMappings(t)
		var all []cssstore.UUID
		for i := range 100 {
			all = append(all, cssstore.UUID{1, byte(i)})
			require.NoError(t, from.Put(t.Context(), cssstore.Resource{Project: all[i], Hash: hashOf("a"), CSS: []byte("a")}))
		}
		m := cssstore.NewMirror(from, to, always(all...))
		running(t, m)
		time.Sleep(cssstore.DefaultMirrorInterval / 2)
		for _, p := range all {
			_, err := to.Get(t.Context(), p)
			require.NoError(t, err, "the pass went on")
		}
		mapped, err := to.Mappings(t.Context())
		require.NoError(t, err)
		require.Empty(t, mapped)
		unlock()
		time.Sleep(cssstore.DefaultMirrorInterval)
		mapped, err = to.Mappings(t.Context())
		require.NoError(t, err)
		require.Len(t, mapped, len(all), "what was left is done with the next pass")
	})
}

func TestMirror_ASinglePassWaitsForAHeldLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := cssstoretest.NewFake()
		require.NoError(t, from.Put(t.Context(), resource("a")))
		to, unlock := heldMappings(t)
		m := cssstore.NewMirror(from, to, always(project))
		began := time.Now()
		_, err := m.Sync(t.Context())
		require.ErrorIs(t, err, cache.ErrUnavailable, "not for ever")
		require.Less(t, time.Since(began), 15*time.Second)
		time.AfterFunc(5*time.Second, unlock)
		_, err = m.Sync(t.Context())
		require.NoError(t, err)
		mapped, err := to.Mappings(t.Context())
		require.NoError(t, err)
		require.Len(t, mapped, 1)
	})
}

func TestMirror_RemovesWhatBelongsToNoProject(t *testing.T) {
	from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
	other := cssstore.UUID{9}
	require.NoError(t, to.Put(t.Context(), resource("a")))
	require.NoError(t, to.Put(t.Context(), cssstore.Resource{Project: other, Hash: hashOf("x")}))

	_, err := cssstore.NewMirror(from, to, always()).Sync(t.Context())
	require.NoError(t, err)
	require.Zero(t, to.Calls("delete"), "no project at all is rather a mistake")

	down := errors.New("no database")
	_, err = cssstore.NewMirror(from, to, func(context.Context) ([]cssstore.UUID, error) { return nil, down }).Sync(t.Context())
	require.ErrorIs(t, err, down)
	require.Zero(t, to.Calls("delete"))

	m := cssstore.NewMirror(from, to, always(project))
	want := []cssstore.Drift{
		{Project: project, Kind: cssstore.DriftLost, Have: hashOf("a")},
		{Project: other, Kind: cssstore.DriftOrphaned, Have: hashOf("x")},
	}
	d, err := m.Drift(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, d)
	require.Zero(t, to.Calls("delete"), "a report changes nothing")
	d, err = m.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, d)
	_, err = to.Get(t.Context(), other)
	require.ErrorIs(t, err, cssstore.ErrNotFound)
	require.Equal(t, "a", string(get(t, to).CSS))
}

func TestMirror_LeavesAProjectThatWasMadeMeanwhile(t *testing.T) {
	from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
	require.NoError(t, to.Put(t.Context(), cssstore.Resource{Project: cssstore.UUID{9}, Hash: hashOf("x")}))
	reads := 0
	m := cssstore.NewMirror(from, to, func(context.Context) ([]cssstore.UUID, error) {
		if reads++; reads == 1 {
			return []cssstore.UUID{project}, nil
		}
		return []cssstore.UUID{project, {9}}, nil
	})
	d, err := m.Sync(t.Context())
	require.NoError(t, err)
	require.Empty(t, d)
	require.Zero(t, to.Calls("delete"))
}

func TestMirror_KeepsWhatItHasWhileTheSharedStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
		running(t, cssstore.NewMirror(from, to, always(project)))
		require.NoError(t, from.Put(t.Context(), resource("a")))
		time.Sleep(3 * time.Second)
		from.Fail(errors.New("down"))
		time.Sleep(time.Hour)
		require.Equal(t, "a", string(get(t, to).CSS))
		from.Fail(nil)
		require.NoError(t, from.Put(t.Context(), resource("b")))
		time.Sleep(3 * time.Second)
		require.Equal(t, "b", string(get(t, to).CSS))
	})
}

func TestMirror_DoesNotReadBytesAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
		require.NoError(t, from.Put(t.Context(), resource("a")))
		running(t, cssstore.NewMirror(from, to, always(project)))
		time.Sleep(time.Minute + time.Second)
		require.LessOrEqual(t, from.Calls("get"), 8)
		require.GreaterOrEqual(t, from.Calls("hash"), 30)
	})
}

func TestOrphans(t *testing.T) {
	s := cssstoretest.NewFake()
	other := cssstore.UUID{9}
	require.NoError(t, s.Put(t.Context(), resource("a")))
	require.NoError(t, s.Put(t.Context(), cssstore.Resource{Project: other, Hash: hashOf("x")}))
	found, err := cssstore.Orphans(t.Context(), s, []cssstore.UUID{project})
	require.NoError(t, err)
	require.Equal(t, []cssstore.UUID{other}, found)
	_, err = cssstore.RemoveOrphans(t.Context(), s, always())
	require.ErrorIs(t, err, cssstore.ErrNoProjects)
	reads := 0
	found, err = cssstore.RemoveOrphans(t.Context(), s, func(context.Context) ([]cssstore.UUID, error) {
		if reads++; reads == 1 {
			return []cssstore.UUID{project}, nil
		}
		return []cssstore.UUID{project, other}, nil
	})
	require.NoError(t, err)
	require.Empty(t, found, "it was made meanwhile")
	found, err = cssstore.RemoveOrphans(t.Context(), s, always(project))
	require.NoError(t, err)
	require.Equal(t, []cssstore.UUID{other}, found)
	_, err = s.Get(t.Context(), other)
	require.ErrorIs(t, err, cssstore.ErrNotFound)
	require.Equal(t, "a", string(get(t, s).CSS))
}

func TestCheck_ComparesWithTheDatabase(t *testing.T) {
	s := cssstoretest.NewFake()
	id := func(n byte) cssstore.UUID { return cssstore.UUID{n} }
	for n, css := range map[byte]string{1: "same", 2: "old", 4: "orphan", 5: "not in the database"} {
		require.NoError(t, s.Put(t.Context(), cssstore.Resource{Project: id(n), Hash: hashOf(css), CSS: []byte(css)}))
	}
	found, err := cssstore.Check(t.Context(), s, map[cssstore.UUID]cssstore.Hash{
		id(1): hashOf("same"), id(2): hashOf("new"), id(3): hashOf("lost"), id(5): {}, id(6): {},
	})
	require.NoError(t, err)
	require.Equal(t, []cssstore.Drift{
		{Project: id(2), Kind: cssstore.DriftStale, Want: hashOf("new"), Have: hashOf("old")},
		{Project: id(3), Kind: cssstore.DriftMissing, Want: hashOf("lost")},
		{Project: id(5), Kind: cssstore.DriftStale, Have: hashOf("not in the database")},
		{Project: id(4), Kind: cssstore.DriftOrphaned, Have: hashOf("orphan")},
	}, found)

	down := errors.New("down")
	s.Fail(down)
	_, err = cssstore.Check(t.Context(), s, map[cssstore.UUID]cssstore.Hash{id(1): hashOf("same")})
	require.ErrorIs(t, err, down)
}
