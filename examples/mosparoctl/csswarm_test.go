package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
)

// withDesign adds what a cluster needs for its CSS to an installation: two
// projects in place of the one that is there, and the build.
func (i *installation) withDesign() (public string) {
	i.t.Helper()
	i.exec("DELETE FROM project")
	for n, id := range []cssstore.UUID{{1}, {2}} {
		i.exec("INSERT INTO project (id, uuid, name, statistic_storage_limit) VALUES (?, ?, 'x', '14D')", n+1, id.String())
		i.exec("INSERT INTO project_config_value (project_id, name, value) VALUES (?, 'designConfigHash', ?)", n+1, `s:64:"`+cssstore.Hash{9}.String()+`";`)
	}
	public = filepath.Join(i.dir, "public")
	require.NoError(i.t, os.MkdirAll(filepath.Join(public, "resources"), 0o755))
	writeBuild(i.t, public)
	return public
}

// writeBuild makes the files that mosparo's front end was built into.
func writeBuild(t *testing.T, public string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(public, "build"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(public, "build", "entrypoints.json"), []byte(`{"entrypoints":{"mosparo-frontend":{"css":["/build/mosparo-frontend.css"]}}}`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(public, "build", "mosparo-frontend.css"), []byte(".mosparo__container { color: red }"), 0o600))
}

func (i *installation) cssCheck(want int) (r cssReport) {
	i.t.Helper()
	code, out, stderr := i.ctl("css", "check", "--dir", i.dir, "--json")
	require.NoError(i.t, json.Unmarshal([]byte(out), &r), stderr)
	require.Equal(i.t, want, code, out)
	return r
}

func kinds(r cssReport) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Kind)
	}
	return all
}

func TestCSSWarm_PreparesAllAndCheckFindsNothingThen(t *testing.T) {
	for name, environ := range map[string][]string{"files": nil, "shared_cache": {"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"}} {
		t.Run(name, func(t *testing.T) {
			i := install(t, "1.5.4", append([]string{"FILESYSTEM_CACHE_PATH=" + t.TempDir()}, environ...)...)
			public := i.withDesign()
			r := i.cssCheck(1)
			require.Equal(t, name, r.Store)
			require.Equal(t, []string{"missing", "missing"}, kinds(r))

			var w warmReport
			i.json(&w, "css", "warm", "--dir", i.dir, "--json")
			require.Equal(t, 2, w.Prepared)
			require.Equal(t, "1.5.4", w.Version)
			require.Equal(t, []string{"stale", "stale"}, kinds(i.cssCheck(1)), "the hashes in the database are others")
			i.json(&w, "css", "warm", "--dir", i.dir, "--json", "--save-hash")
			require.Empty(t, kinds(i.cssCheck(0)))
			require.Equal(t, 2, hashes(t, i.db, w.Projects[0].Hash))

			i.exec("DELETE FROM project_config_value WHERE project_id = 2")
			i.exec("DELETE FROM project WHERE id = 2")
			require.Equal(t, []string{"orphaned"}, kinds(i.cssCheck(1)))
			if environ != nil {
				mapping := "<?php\n\nreturn array (\n  '/resources/" + w.Projects[0].Project.String() + ".css' => '/resources/" + w.Projects[0].Project.String() + "/" + w.Projects[0].Hash.String() + ".css',\n);\n"
				require.NoError(t, os.WriteFile(filepath.Join(public, "resources", "mappings.php"), []byte(mapping), 0o600))
				require.Equal(t, []string{"orphaned", "mapping"}, kinds(i.cssCheck(1)))
			}
			i.exec("INSERT INTO project_config_value (project_id, name, value) VALUES (1, 'designMode', 'no PHP value')")
			code, out, _ := i.ctl("css", "warm", "--dir", i.dir)
			require.Equal(t, 1, code)
			require.Contains(t, out, "designMode")
			require.Contains(t, out, "0 projects prepared, 1 failed")
		})
	}
}

func hashes(t *testing.T, db *sql.DB, h cssstore.Hash) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM project_config_value WHERE value = ?", `s:64:"`+h.String()+`";`).Scan(&n))
	return n
}

func TestCSSWarm_SaysWhatItNeeds(t *testing.T) {
	i := install(t, "1.5.4")
	i.withDesign()
	require.NoError(t, os.Remove(filepath.Join(i.dir, "public", "build", "mosparo-frontend.css")))
	code, _, stderr := i.ctl("css", "warm", "--dir", i.dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no base css")
	code, _, stderr = i.ctl("css", "check")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "--dir")
	code, _, _ = i.ctl("css", "warm", "x")
	require.Equal(t, exitUsage, code)
}

func TestCSSWarm_SavesTheHashesOfManyProjects(t *testing.T) {
	i := install(t, "1.5.4", "FILESYSTEM_CACHE_PATH="+t.TempDir())
	i.withDesign()
	const count = 24
	for n := 3; n <= count; n++ {
		i.exec("INSERT INTO project (id, uuid, name, statistic_storage_limit) VALUES (?, ?, 'x', '14D')", n, cssstore.UUID{byte(n)}.String())
		i.exec("INSERT INTO project_config_value (project_id, name, value) VALUES (?, 'designConfigHash', ?)", n, `s:64:"`+cssstore.Hash{9}.String()+`";`)
	}
	var w warmReport
	i.json(&w, "css", "warm", "--dir", i.dir, "--json", "--save-hash", "--mappings")
	require.Equal(t, count, w.Prepared)
	require.Equal(t, count, hashes(t, i.db, w.Projects[0].Hash))
	require.Empty(t, kinds(i.cssCheck(0)))
}
