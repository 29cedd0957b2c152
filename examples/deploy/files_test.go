package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// tree writes files below dir, by path and content. An empty content removes the file.
func tree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if content == "" {
			require.NoError(t, os.Remove(path))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
}

// contains checks files below dir. An empty content stands for no file.
func contains(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if content == "" {
			require.ErrorIs(t, err, os.ErrNotExist, name)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, content, string(got), name)
	}
}

const (
	settingsFile = "config/env.mosparo.php"
	mappings     = "public/resources/mappings.php"
	cssFile      = "public/resources/" + project + "/aa.css"
	geoFile      = "var/data/geoip2/db.mmdb"
	sqliteFile   = "var/data/data.sqlite"
	importFile   = "var/data/import/1.json"
	foreignFile  = "src/Kernel.php"
)

// The node of administration gives its files to two others, and takes away what it has
// deleted.
func TestPush_MakesOthersAlike(t *testing.T) {
	servers.Find(t, "rsync", "rsync")
	admin, one, two := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("MOSPARO_DIR", admin)
	push := func() {
		t.Helper()
		command(t, "/bin/sh", "files/push", one, two)
	}
	tree(t, admin, map[string]string{settingsFile: "1", mappings: "1", cssFile: "1", geoFile: "1", sqliteFile: "1", importFile: "1", foreignFile: "1", "public/resources/mosparoGo.lock": "x"})
	tree(t, one, map[string]string{importFile: "own", "public/resources/old.css": "old", foreignFile: "own"})
	push()
	for _, dir := range []string{one, two} {
		contains(t, dir, map[string]string{settingsFile: "1", mappings: "1", cssFile: "1", geoFile: "1", sqliteFile: "", "public/resources/mosparoGo.lock": "", "public/resources/old.css": ""})
	}
	contains(t, one, map[string]string{importFile: "own", foreignFile: "own"})
	contains(t, two, map[string]string{importFile: "", foreignFile: ""})
	tree(t, admin, map[string]string{cssFile: "", settingsFile: "2"})
	push()
	contains(t, two, map[string]string{cssFile: "", settingsFile: "2", mappings: "1"})

	// A node that has lost a folder, or has not mounted it, does not take it from the others.
	require.NoError(t, os.RemoveAll(filepath.Join(admin, "var", "data")))
	tree(t, admin, map[string]string{mappings: "2", "var/data/.gitkeep": "x"})
	push()
	contains(t, two, map[string]string{geoFile: "1", mappings: "2"})

	// One that fails does not keep the others from being served.
	tree(t, admin, map[string]string{settingsFile: "3"})
	require.Error(t, exec.Command("/bin/sh", "files/push", "/proc/none", two).Run())
	contains(t, two, map[string]string{settingsFile: "3"})
}

// A push that runs keeps the next one from starting, and no other user of the host can.
func TestPush_HasALockOfItsOwn(t *testing.T) {
	servers.Find(t, "rsync", "rsync")
	admin, one, tmp := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("MOSPARO_DIR", admin)
	t.Setenv("TMPDIR", tmp)
	tree(t, admin, map[string]string{settingsFile: "1", cssFile: "1", geoFile: "1"})
	held := func(path string) {
		t.Helper()
		command(t, "flock", "-n", path, "/bin/sh", "files/push", one)
	}
	held(filepath.Join(tmp, "mosparo-push.lock"))
	contains(t, one, map[string]string{settingsFile: "1"})

	lock := filepath.Join(admin, "var", "mosparoGoPush.lock")
	info, err := os.Stat(lock)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	info, err = os.Stat(filepath.Join(one, settingsFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode(), "the others read what they could read before")
	tree(t, admin, map[string]string{settingsFile: "2"})
	held(lock)
	contains(t, one, map[string]string{settingsFile: "1", "var/mosparoGoPush.lock": ""})
}

// Changes on either of two nodes reach the other one.
func TestUnison_WorksInBothDirections(t *testing.T) {
	unison := servers.Find(t, "unison", "unison")
	here, there := t.TempDir(), t.TempDir()
	t.Setenv("UNISON", t.TempDir())
	profile := replaceAll(t, read(t, "files/mosparo.prf"), "root = /var/www/mosparo", "root = "+here, "root = ssh://10.0.0.12//var/www/mosparo", "root = "+there)
	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("UNISON"), "mosparo.prf"), []byte(profile), 0o644))
	sync := func() {
		t.Helper()
		command(t, unison, "-ui", "text", "mosparo")
	}
	tree(t, here, map[string]string{settingsFile: "1", mappings: "1", cssFile: "1", geoFile: "1", sqliteFile: "1", importFile: "1", foreignFile: "1"})
	tree(t, there, map[string]string{"var/data/rule-packages/x": "there"})
	sync()
	contains(t, there, map[string]string{settingsFile: "1", mappings: "1", cssFile: "1", geoFile: "1", sqliteFile: "", importFile: "", foreignFile: ""})
	contains(t, here, map[string]string{"var/data/rule-packages/x": "there"})

	tree(t, there, map[string]string{settingsFile: "from there"})
	tree(t, here, map[string]string{cssFile: "", geoFile: "from here"})
	sync()
	contains(t, here, map[string]string{settingsFile: "from there"})
	contains(t, there, map[string]string{cssFile: "", geoFile: "from here"})

	// Of two changes the newer one wins.
	tree(t, here, map[string]string{settingsFile: "old"})
	require.NoError(t, os.Chtimes(filepath.Join(here, settingsFile), time.Time{}, time.Now().Add(-time.Minute)))
	tree(t, there, map[string]string{settingsFile: "new"})
	sync()
	contains(t, here, map[string]string{settingsFile: "new"})

	// A node that has lost everything does not take the others with it.
	require.NoError(t, os.RemoveAll(filepath.Join(here, "var")))
	_ = exec.Command(unison, "-ui", "text", "mosparo").Run() // it refuses or restores
	contains(t, there, map[string]string{geoFile: "from here"})
}
