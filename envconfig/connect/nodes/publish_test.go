package nodes_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
)

func TestPublish_ShowsAPHPNodeBetweenTwoRunsOfItsCron(t *testing.T) {
	a, b := install(t, nil), install(t, map[string]string{"config/env.mosparo.php": config("'m' => 1")})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		web1, _ := w.start(t, a, "web1")
		for range 3 {
			p, err := w.registry(t, b, nodes.WithHost("php1")).Publish(t.Context(), 2*time.Hour)
			require.NoError(t, err)
			require.False(t, p.Running)
			time.Sleep(time.Hour)
			o := overview(t, web1)
			require.Equal(t, "php1:published web1:clean:self", hosts(o.Nodes))
			require.Len(t, o.Differences, 1)
		}
		php := node(t, overview(t, web1).Nodes, "php1")
		require.Zero(t, php.Started)
		require.WithinDuration(t, time.Now().Add(-3*time.Hour), php.Fingerprints.Settings[0].Since, time.Minute, "as of the first run")
		time.Sleep(2 * time.Hour)
		require.Equal(t, "web1:clean:self", hosts(overview(t, web1).Nodes))
	})
}

func TestPublish_LeavesTheRecordOfARunningNodeAlone(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		web1, stop := w.start(t, dir, "web1")
		time.Sleep(time.Minute)
		p, err := w.registry(t, dir, nodes.WithHost("web1")).Publish(t.Context(), time.Hour, nodes.WithFileLists())
		require.NoError(t, err)
		require.True(t, p.Running)
		require.Equal(t, "web1:clean:self", hosts(overview(t, web1).Nodes))
		lists, err := nodes.ReadLists(t.Context(), w.pool)
		require.NoError(t, err)
		require.Len(t, lists, 1, "the list of its files is written all the same")
		stop()
		p, err = w.registry(t, dir, nodes.WithHost("web1")).Publish(t.Context(), time.Hour)
		require.NoError(t, err)
		require.False(t, p.Running)
		all, err := nodes.Read(t.Context(), w.pool)
		require.NoError(t, err)
		require.Equal(t, "web1:published", hosts(all))
	})
}

func TestPublish_SaysWhatIsMissing(t *testing.T) {
	w := newWorld()
	r := w.registry(t, install(t, map[string]string{"config/env.mosparo.php": "<?php return ['mosparo_installed' => true];"}))
	_, err := r.Publish(t.Context(), time.Hour)
	require.ErrorContains(t, err, "encryption_key")
	r = w.registry(t, install(t, nil))
	for _, ttl := range []time.Duration{-1, 0, time.Second, nodes.MaxPublishTTL + 1} {
		_, err = r.Publish(t.Context(), ttl)
		require.ErrorIs(t, err, cache.ErrInvalidTTL)
	}
	w.cache.Down()
	_, err = r.Publish(t.Context(), time.Hour)
	require.ErrorIs(t, err, cache.ErrUnavailable)
}

// publishAll publishes installations with these files, and returns their lists.
func publishAll(t *testing.T, w *world, installations ...map[string]string) []nodes.List {
	t.Helper()
	for i, files := range installations {
		_, err := w.registry(t, install(t, files), nodes.WithHost(fmt.Sprintf("web%d", i+1))).Publish(t.Context(), time.Hour, nodes.WithFileLists())
		require.NoError(t, err)
	}
	lists, err := nodes.ReadLists(t.Context(), w.pool)
	require.NoError(t, err)
	require.Len(t, lists, len(installations))
	return lists
}

func TestCompareLists_FindsEveryFile(t *testing.T) {
	const same, changed, gone, data = "public/resources/same.css", "public/resources/changed.css", "public/resources/gone.css", "var/data/x"
	lists := publishAll(t, newWorld(),
		map[string]string{same: "s", changed: "one", gone: "g"},
		map[string]string{same: "s", changed: "two!", gone: "g"},
		map[string]string{same: "s", changed: "two!", data: "d"})
	id := func(i int) string { return lists[i].Node }
	require.Equal(t, []nodes.FileDifference{
		{Folder: nodes.FolderResources, Path: "changed.css", Versions: []nodes.FileVersion{
			{Nodes: []string{id(1), id(2)}, Size: 4, Modified: longAgo},
			{Nodes: []string{id(0)}, Size: 3, Modified: longAgo},
		}},
		{Folder: nodes.FolderResources, Path: "gone.css", Versions: []nodes.FileVersion{
			{Nodes: []string{id(0), id(1)}, Size: 1, Modified: longAgo},
			{Nodes: []string{id(2)}, Absent: true},
		}},
		{Folder: nodes.FolderData, Path: "x", Versions: []nodes.FileVersion{
			{Nodes: []string{id(2)}, Size: 1, Modified: longAgo},
			{Nodes: []string{id(0), id(1)}, Absent: true},
		}},
	}, sortVersions(nodes.CompareLists(lists)))
}

// sortVersions puts present versions first, for a comparison.
func sortVersions(all []nodes.FileDifference) []nodes.FileDifference {
	for _, d := range all {
		if d.Versions[0].Absent {
			d.Versions[0], d.Versions[1] = d.Versions[1], d.Versions[0]
		}
	}
	return all
}

// A list of several parts fits into memcached, whose items have 1 MB at most.
func TestReadLists_OfManyFiles(t *testing.T) {
	files := map[string]string{}
	for i := range 1001 { // a part has 1000
		files[fmt.Sprintf("public/resources/%08d-0000-0000-0000-000000000000/%064d.css", i, i)] = "x"
	}
	w := newWorld()
	w.pool = cache.NewPool(memoryadapter.New(memoryadapter.WithMaxValueSize(1 << 20)))
	lists := publishAll(t, w, files)
	require.Len(t, lists[0].Folders[nodes.FolderResources], 1001)

	// A part is lost.
	key := "mosparoGoNodeFiles." + lists[0].Node + ".1"
	require.NoError(t, w.pool.Delete(t.Context(), key))
	lists, err := nodes.ReadLists(t.Context(), w.pool)
	require.ErrorIs(t, err, nodes.ErrListChanged)
	require.Empty(t, lists)
}

func TestFileList_IsThatOfNow(t *testing.T) {
	l, err := newWorld().registry(t, install(t, map[string]string{"var/data/x": "d"}), nodes.WithHost("web1")).FileList(t.Context())
	require.NoError(t, err)
	require.Equal(t, "web1", l.Host)
	require.Len(t, l.Folders[nodes.FolderData], 1)
	require.Empty(t, l.Folders[nodes.FolderResources])
}

// While another node has the lock, the record is written all the same: nodes that know the
// id see it.
func TestPublish_WithoutTheLock(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		other := lock.New(w.locks)
		defer other.Close()
		_, err := other.Acquire(t.Context(), "mosparo/nodes")
		require.NoError(t, err)
		_, err = w.registry(t, dir).Publish(t.Context(), time.Hour)
		require.ErrorIs(t, err, lock.ErrHeld)
		found := 0
		for _, err := range w.cache.List(t.Context(), "mosparoGoNode.") {
			require.NoError(t, err)
			found++
		}
		require.Equal(t, 1, found)
	})
}
