package nodes_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
)

// list stores a list of nodes.
func (w *world) list(t *testing.T, ids ...string) {
	t.Helper()
	require.NoError(t, cache.Key[any]("mosparoGoNodes").Set(t.Context(), w.pool,
		map[string]any{"format": 0, "written": time.Now().Unix(), "ids": ids}, time.Hour))
}

// store stores a value as the record of a node.
func (w *world) store(t *testing.T, id string, v any) {
	t.Helper()
	require.NoError(t, cache.Key[any]("mosparoGoNode."+id).Set(t.Context(), w.pool, v, time.Hour))
}

func TestRead_LeavesOutWhatIsNoRecord(t *testing.T) {
	w := newWorld()
	ids := []string{"0000000000000001", "0000000000000002", "0000000000000003", "0000000000000004", "0000000000000005"}
	w.list(t, append(ids, "../../etc", "", "0000000000000001", "FFFFFFFFFFFFFFFF", strings.Repeat("a", 1000), "x{}()/")...)
	w.store(t, ids[0], "text")
	w.store(t, ids[1], map[string]any{"format": 1, "host": "later"})
	w.store(t, ids[2], map[string]any{"host": []string{"x"}})
	require.NoError(t, w.cache.Set(t.Context(), cache.Item{Key: "mosparoGoNode." + ids[3], Value: []byte("a:1000000000:{")}))
	all, err := nodes.Read(t.Context(), w.pool)
	require.NoError(t, err)
	require.Empty(t, all)

	require.NoError(t, w.cache.Set(t.Context(), cache.Item{Key: "mosparoGoNodes", Value: []byte("nonsense")}))
	all, err = nodes.Read(t.Context(), w.pool)
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestRead_LimitsWhatARecordMayHave(t *testing.T) {
	w := newWorld()
	const id = "0123456789abcdef"
	mac := strings.Repeat("A", 22)
	many := func(n int, of func(i int) map[string]any) []any {
		all := make([]any, n)
		for i := range all {
			all[i] = of(i)
		}
		return all
	}
	file := func(path string) map[string]any {
		return map[string]any{"path": path, "mac": mac, "size": -1, "modified": int64(1) << 60}
	}
	w.list(t, id)
	w.store(t, id, map[string]any{
		"format": 0, "host": strings.Repeat("h", 10_000) + "\xff", "mode": "emperor", "library": strings.Repeat("\xc3", 300),
		"started": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "seen": time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), "taken": int64(-1), "key": mac,
		"settings": many(5000, func(i int) map[string]any {
			return map[string]any{"name": strings.Repeat("n", 500), "mac": []string{mac, "short", strings.Repeat("!", 22)}[i%3], "since": int64(1) << 62}
		}),
		"folders": []any{
			map[string]any{"name": "/etc", "mac": mac},
			map[string]any{"name": nodes.FolderData, "mac": "", "files": int64(1) << 40, "newest": append(many(500, func(int) map[string]any { return file("a") }), file("b"))},
			map[string]any{"name": nodes.FolderResources, "mac": mac, "files": -1, "newest": []any{file("../x"), file("/x"), file(""), file("a//b"), file(strings.Repeat("p", 2000)), file("ok")}},
		},
	})
	all, err := nodes.Read(t.Context(), w.pool)
	require.NoError(t, err)
	require.Len(t, all, 1)
	n := all[0]
	require.LessOrEqual(t, len(n.Host), 200)
	require.Equal(t, nodes.ModeUnknown, n.Mode)
	require.Empty(t, n.Library)
	require.Zero(t, n.Seen)
	require.Len(t, n.Fingerprints.Settings, 500)
	require.Len(t, n.Fingerprints.Settings[0].Name, 200)
	require.Zero(t, n.Fingerprints.Settings[0].Since)
	require.Len(t, n.Fingerprints.Folders, 2)
	resources, data := n.Fingerprints.Folders[0], n.Fingerprints.Folders[1]
	require.Zero(t, resources.Files)
	require.Len(t, resources.Newest, 1)
	require.Equal(t, nodes.File{Path: "ok", MAC: mac}, resources.Newest[0])
	require.NotEmpty(t, data.Problem)
	require.Len(t, data.Newest, 50)
	_, err = json.Marshal(all)
	require.NoError(t, err, "no time that JSON does not have")

	all = append(all, all[0])
	all[1].ID, all[1].Fingerprints.Settings = "1", nil
	require.LessOrEqual(t, len(nodes.Compare(all)), 200)
}

// As many records as a list may have, each with as many settings as a record may have, and
// with names of its own, hold up no heartbeat.
func TestCompare_TakesLittleTimeWhateverTheRecordsHave(t *testing.T) {
	mac := strings.Repeat("A", 22)
	all := make([]nodes.Node, 256)
	for i := range all {
		all[i] = nodes.Node{ID: fmt.Sprint(i), Fingerprints: nodes.Fingerprints{Key: mac}}
		for j := range 500 {
			all[i].Fingerprints.Settings = append(all[i].Fingerprints.Settings, nodes.Fingerprint{Name: fmt.Sprint(i, j), MAC: mac})
		}
	}
	start := time.Now()
	require.NotEmpty(t, nodes.Compare(all))
	require.Less(t, time.Since(start), 30*time.Second, "it takes 0.1 s, and would take minutes")
}

// No bytes make reading fail for good or panic.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`a:2:{s:6:"format";i:0;s:4:"host";s:4:"web1";}`))
	f.Add([]byte(`a:1:{s:8:"settings";a:1:{i:0;a:1:{s:3:"mac";s:22:"AAAAAAAAAAAAAAAAAAAAAA";}}}`))
	f.Add([]byte(`a:1:{s:7:"folders";a:1:{i:0;a:2:{s:4:"name";s:8:"var/data";s:6:"newest";a:1:{i:0;a:1:{s:4:"path";s:1:"a";}}}}}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		w := newWorld()
		const id = "0123456789abcdef"
		w.list(t, id)
		if len(record) > 0 {
			require.NoError(t, w.cache.Set(t.Context(), cache.Item{Key: "mosparoGoNode." + id, Value: record}, cache.Item{Key: "mosparoGoNodeFiles." + id + ".0", Value: record}))
		}
		all, err := nodes.Read(t.Context(), w.pool)
		require.NoError(t, err)
		for _, d := range nodes.Compare(append(all, all...)) {
			d.Describe(all)
		}
		lists, _ := nodes.ReadLists(t.Context(), w.pool)
		nodes.CompareLists(append(lists, lists...))
		_, err = json.Marshal([]any{all, lists})
		require.NoError(t, err)
	})
}

// What is stored contains no value of a setting, and nothing that a hash without the
// encryption_key could be compared with.
func TestRecord_HasNoSecrets(t *testing.T) {
	stored := func(encryptionKey string) string {
		w := newWorld()
		dir := install(t, map[string]string{
			"config/env.mosparo.php": config("'mailer_password' => 'hunter2', 'secret' => 's3cr3t', 'encryption_key' => '" + encryptionKey + "'"),
			"public/resources/a.css": "content of a file",
		})
		_, err := w.registry(t, dir, nodes.WithHost("web1")).Publish(t.Context(), time.Hour, nodes.WithFileLists())
		require.NoError(t, err)
		var all strings.Builder
		for key, err := range w.cache.List(t.Context(), "mosparoGoNode") {
			require.NoError(t, err)
			raw, err := w.cache.Get(t.Context(), key)
			require.NoError(t, err)
			all.Write(raw[0])
		}
		return all.String()
	}
	one, two := stored("k1"), stored("k2")
	for _, secret := range []string{"hunter2", "s3cr3t", "geheim", "k1", "content"} {
		require.NotContains(t, one, secret)
	}
	require.Contains(t, one, "mailer_password", "names are no secret")
	macs := macsIn(one)
	require.Greater(t, len(macs), 5)
	for _, mac := range macs {
		require.NotContains(t, two, mac)
	}
}

// macsIn returns the keyed hashes in serialized text.
func macsIn(text string) (macs []string) {
	for _, part := range strings.Split(text, `s:22:"`)[1:] {
		mac, _, _ := strings.Cut(part, `"`)
		macs = append(macs, mac)
	}
	return macs
}
