package mirror_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
	"github.com/mosparo/go-cluster/cssstore/mirror"
)

var project, hashOf = fixturetest.Project, cssstoretest.HashOf

// bubble runs a test with a store in a cache in memory, in virtual time.
func bubble(t *testing.T, test func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		test(t, cachestore.New(pool, cachestore.WithLocker(fixturetest.Locker(t))), fixturetest.PHPNode{Pool: pool})
	})
}

// running runs a mirror in a bubble, until the test ends.
func running(t *testing.T, m *mirror.Mirror) {
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
		to := filestore.New(dir)
		running(t, mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(project, cssstore.UUID{9})))
		has := func(css string) {
			t.Helper()
			r, err := to.Get(t.Context(), project)
			require.NoError(t, err)
			require.Equal(t, css, string(r.CSS))
		}
		require.NoError(t, from.Put(t.Context(), fixturetest.Resource("a")))
		time.Sleep(mirror.DefaultInterval + time.Second)
		has("a")

		require.NoError(t, from.Put(t.Context(), fixturetest.Resource("b")))
		time.Sleep(mirror.DefaultInterval + time.Second)
		has("b")
		require.FileExists(t, filepath.Join(dir, project.String(), hashOf("a").String()+".css"), "for its grace time")

		r := fixturetest.Resource("c")
		r.Hash = hashOf("b")
		require.NoError(t, from.Put(t.Context(), r))
		time.Sleep(mirror.DefaultCompareInterval + 2*mirror.DefaultInterval)
		has("c")

		from.PutAsPHP(fixturetest.Resource("php"))
		time.Sleep(2*mirror.DefaultInterval + time.Second)
		has("php")

		require.NoError(t, from.Delete(t.Context(), project))
		time.Sleep(time.Minute)
		has("php") // the project is there, its css lost
	})
}

func TestMirror_FollowsWithinSecondsWhenPHPPreparesAllProjectsAnew(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		const count = 100
		to := cssstoretest.NewFake()
		var all []cssstore.UUID
		for i := range count {
			all = append(all, cssstore.UUID{1, byte(i)})
			require.NoError(t, s.Put(t.Context(), cssstore.Resource{Project: all[i], Hash: hashOf("design"), CSS: []byte("old")}))
		}
		running(t, mirror.New(mirror.Stores{Source: s, Target: to}, fixturetest.Always(all...)))
		time.Sleep(3 * time.Second)
		require.Equal(t, count, to.Calls("put"))
		for i, p := range all {
			set := func(what, value string) {
				require.NoError(t, cache.Key[string]("design_"+p.String()+what).Set(t.Context(), php.Pool, value, 0))
			}
			set("_content", "new")
			if i%2 > 0 {
				set("_hash", hashOf("another design").String())
			}
		}
		time.Sleep(mirror.DefaultCompareInterval + 3*mirror.DefaultInterval)
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
		m := mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(project))
		from.PutAsPHP(fixturetest.Resource("php"))
		ctx, cancel := context.WithTimeout(t.Context(), cssstore.SettleTime/2)
		defer cancel()
		d, err := m.Sync(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []mirror.Drift{{Project: project, Kind: mirror.Unsettled, Want: hashOf("php")}}, d)
		require.Zero(t, to.Calls("put"))
	})
}

// A mirror that a cron job starts makes one pass.
func TestMirror_ASinglePassWaitsUntilWhatPHPStoredIsSettled(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		const count = 100
		to := cssstoretest.NewFake()
		var all []cssstore.UUID
		for i := range count {
			all = append(all, cssstore.UUID{1, byte(i)})
			for what, value := range map[string]string{"_content": "php", "_hash": hashOf("php").String()} {
				require.NoError(t, cache.Key[string]("design_"+all[i].String()+what).Set(t.Context(), php.Pool, value, 0))
			}
		}
		began := time.Now()
		d, err := mirror.New(mirror.Stores{Source: s, Target: to}, fixturetest.Always(all...)).Check(t.Context())
		require.NoError(t, err)
		require.Len(t, d, count)
		require.Equal(t, mirror.Missing, d[0].Kind)
		d, err = mirror.New(mirror.Stores{Source: s, Target: to}, fixturetest.Always(all...)).Sync(t.Context())
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
		from, locker := cssstoretest.NewFake(), fixturetest.Locker(t)
		require.NoError(t, from.Put(t.Context(), fixturetest.Resource("a")))
		for _, name := range []string{"cssfiles." + project.String(), "cssmappings"} {
			_, err := locker.Acquire(t.Context(), name)
			require.NoError(t, err)
		}
		began := time.Now()
		for range 3 {
			to := filestore.New(t.TempDir(), filestore.WithLocker(locker), filestore.WithMappings())
			_, err := mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(project)).Sync(t.Context())
			require.NoError(t, err)
			require.Equal(t, "a", string(fixturetest.Get(t, to).CSS))
		}
		require.Zero(t, time.Since(began))
	})
}

// heldMappings are files in a folder whose mappings.php another writer locks.
func heldMappings(t *testing.T) (s *filestore.Store, unlock func()) {
	t.Helper()
	dir := t.TempDir()
	unlock, err := sharedfiles.Folder{Path: dir}.Lock(t.Context(), "mosparoGo.lock")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("skipped: needs flock")
	}
	require.NoError(t, err)
	return filestore.New(dir, filestore.WithMappings()), unlock
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
		m := mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(all...))
		running(t, m)
		time.Sleep(mirror.DefaultInterval / 2)
		for _, p := range all {
			_, err := to.Get(t.Context(), p)
			require.NoError(t, err, "the pass went on")
		}
		mapped, err := to.Mappings(t.Context())
		require.NoError(t, err)
		require.Empty(t, mapped)
		unlock()
		time.Sleep(mirror.DefaultInterval)
		mapped, err = to.Mappings(t.Context())
		require.NoError(t, err)
		require.Len(t, mapped, len(all), "what was left is done with the next pass")
	})
}

func TestMirror_ASinglePassWaitsForAHeldLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := cssstoretest.NewFake()
		require.NoError(t, from.Put(t.Context(), fixturetest.Resource("a")))
		to, unlock := heldMappings(t)
		m := mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(project))
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
	require.NoError(t, to.Put(t.Context(), fixturetest.Resource("a")))
	require.NoError(t, to.Put(t.Context(), cssstore.Resource{Project: other, Hash: hashOf("x")}))

	_, err := mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always()).Sync(t.Context())
	require.NoError(t, err)
	require.Zero(t, to.Calls("delete"), "no project at all is rather a mistake")

	down := errors.New("no database")
	_, err = mirror.New(mirror.Stores{Source: from, Target: to}, func(context.Context) ([]cssstore.UUID, error) { return nil, down }).Sync(t.Context())
	require.ErrorIs(t, err, down)
	require.Zero(t, to.Calls("delete"))

	m := mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(project))
	want := []mirror.Drift{
		{Project: project, Kind: mirror.Lost, Have: hashOf("a")},
		{Project: other, Kind: mirror.Orphaned, Have: hashOf("x")},
	}
	d, err := m.Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, d)
	require.Zero(t, to.Calls("delete"), "a report changes nothing")
	d, err = m.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, d)
	_, err = to.Get(t.Context(), other)
	require.ErrorIs(t, err, cssstore.ErrNotFound)
	require.Equal(t, "a", string(fixturetest.Get(t, to).CSS))
}

func TestMirror_LeavesAProjectThatWasMadeMeanwhile(t *testing.T) {
	from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
	require.NoError(t, to.Put(t.Context(), cssstore.Resource{Project: cssstore.UUID{9}, Hash: hashOf("x")}))
	reads := 0
	m := mirror.New(mirror.Stores{Source: from, Target: to}, func(context.Context) ([]cssstore.UUID, error) {
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
		running(t, mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(project)))
		require.NoError(t, from.Put(t.Context(), fixturetest.Resource("a")))
		time.Sleep(3 * time.Second)
		from.Fail(errors.New("down"))
		time.Sleep(time.Hour)
		require.Equal(t, "a", string(fixturetest.Get(t, to).CSS))
		from.Fail(nil)
		require.NoError(t, from.Put(t.Context(), fixturetest.Resource("b")))
		time.Sleep(3 * time.Second)
		require.Equal(t, "b", string(fixturetest.Get(t, to).CSS))
	})
}

// slow is a store in which some projects are on a server that hangs.
type slow struct {
	cssstore.Store
	hangs func(cssstore.UUID) bool
}

func (s slow) Hash(ctx context.Context, p cssstore.UUID) (cssstore.Hash, error) {
	if s.hangs(p) {
		time.Sleep(time.Second) // the timeout of a client
		return cssstore.Hash{}, cache.ErrUnavailable
	}
	return s.Store.Hash(ctx, p)
}

func TestMirror_StopsAPassWhenAServerHangsAndGoesOnFromThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
		var all []cssstore.UUID
		for i := range 100 {
			all = append(all, cssstore.UUID{1, byte(i)})
			require.NoError(t, from.Put(t.Context(), cssstore.Resource{Project: all[i], Hash: hashOf("a"), CSS: []byte("a")}))
		}
		everything := slow{from, func(cssstore.UUID) bool { return true }}
		began := time.Now()
		_, err := mirror.New(mirror.Stores{Source: everything, Target: to}, fixturetest.Always(all...)).Sync(t.Context())
		require.ErrorIs(t, err, cache.ErrUnavailable)
		require.Less(t, time.Since(began), 5*time.Second, "100 timeouts")

		half := slow{from, func(p cssstore.UUID) bool { return p[1]%2 == 0 }}
		running(t, mirror.New(mirror.Stores{Source: half, Target: to}, fixturetest.Always(all...)))
		time.Sleep(2 * time.Minute)
		require.GreaterOrEqual(t, to.Calls("put"), len(all)/2)
		for i, p := range all {
			if _, err := to.Get(t.Context(), p); i%2 > 0 {
				require.NoError(t, err, "on a server that answers")
			}
		}
	})
}

func TestMirror_DoesNotReadBytesAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := cssstoretest.NewFake(), cssstoretest.NewFake()
		require.NoError(t, from.Put(t.Context(), fixturetest.Resource("a")))
		running(t, mirror.New(mirror.Stores{Source: from, Target: to}, fixturetest.Always(project)))
		time.Sleep(time.Minute + time.Second)
		require.LessOrEqual(t, from.Calls("get"), 8)
		require.GreaterOrEqual(t, from.Calls("hash"), 30)
	})
}
