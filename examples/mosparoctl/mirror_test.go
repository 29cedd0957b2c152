package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
)

// inCache is an installation whose prepared CSS is in the shared cache, with two projects.
func inCache(t *testing.T) *installation {
	t.Helper()
	i := install(t, "1.5.4", "FILESYSTEM_CACHE_PATH="+t.TempDir(), "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1")
	i.withDesign()
	var w warmReport
	i.json(&w, "css", "warm", "--dir", i.dir, "--json", "--save-hash")
	require.Equal(t, 2, w.Prepared)
	return i
}

func (i *installation) mirrored(want int, args ...string) (r mirrorReport) {
	i.t.Helper()
	code, out, errs := i.ctl(append([]string{"mirror", "--dir", i.dir, "--json"}, args...)...)
	require.NoError(i.t, json.Unmarshal([]byte(out), &r), errs)
	require.Equal(i.t, want, code, out)
	return r
}

func (r mirrorReport) kinds() (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Kind)
	}
	return all
}

func cssFiles(t *testing.T, i *installation) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(i.dir, "public", "resources", "*", "*.css"))
	require.NoError(t, err)
	return files
}

func TestMirror_CopiesOnceAndFindsNothingThen(t *testing.T) {
	i := inCache(t)
	require.Equal(t, []string{"missing", "missing"}, i.mirrored(1, "--dry-run").kinds())
	require.Empty(t, cssFiles(t, i), "a dry run changes nothing")
	require.Equal(t, []string{"missing", "missing"}, i.mirrored(0).kinds())
	require.Len(t, cssFiles(t, i), 2)
	require.Empty(t, i.mirrored(0, "--dry-run").kinds())

	i.exec("DELETE FROM project_config_value WHERE project_id = 2")
	i.exec("DELETE FROM project WHERE id = 2")
	require.Equal(t, []string{"orphaned"}, i.mirrored(0).kinds())
	require.Len(t, cssFiles(t, i), 1)

	code, _, errs := i.ctl("cache", "clear", "--yes", "--dir", i.dir)
	require.Zero(t, code, errs)
	require.Equal(t, []string{"lost"}, i.mirrored(0).kinds())
	require.Len(t, cssFiles(t, i), 1, "visitors still get it")
	code, out, _ := i.ctl("mirror", "--dir", i.dir)
	require.Zero(t, code)
	require.Contains(t, out, "1 findings, 0 repaired in "+filepath.Join(i.dir, "public", "resources"))
}

func TestMirror_WatchesUntilItIsInterrupted(t *testing.T) {
	i := inCache(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, errs bytes.Buffer
	a := &app{stdin: bytes.NewReader(nil), stdout: &out, stderr: &errs, environ: i.environ}
	done := make(chan int)
	go func() {
		done <- a.main(ctx, []string{"mirror", "--watch", "--json", "--interval", "10ms", "--dir", i.dir})
	}()
	require.Eventually(t, func() bool { return len(cssFiles(t, i)) == 2 }, 20*time.Second, 10*time.Millisecond)
	interrupt()
	require.Zero(t, <-done, errs.String())
	var line struct{ Msg string }
	require.NoError(t, json.NewDecoder(&out).Decode(&line))
	require.Equal(t, "css mirrored", line.Msg)
}

func TestMirror_SaysWhatIsMissing(t *testing.T) {
	i := install(t, "1.5.4")
	i.withDesign()
	code, _, errs := i.ctl("mirror", "--dir", i.dir)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "nothing to copy")

	i = inCache(t)
	for _, args := range [][]string{{"x"}, {"--dry-run", "--watch"}, {"--interval", "0s"}} {
		code, _, _ = i.ctl(append([]string{"mirror", "--dir", i.dir}, args...)...)
		require.Equal(t, exitUsage, code, args)
	}
	code, _, errs = i.ctl("mirror", "--dsn", "sqlite://"+filepath.ToSlash(filepath.Join(i.dir, "data.sqlite")))
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "--public")

	require.NoError(t, os.RemoveAll(filepath.Join(i.dir, "public", "resources")))
	require.NoError(t, os.WriteFile(filepath.Join(i.dir, "public", "resources"), nil, 0o600))
	require.NotEmpty(t, i.mirrored(1).Error)
}

func TestCSSWarm_NamesProjectsWhoseHashItCouldNotSave(t *testing.T) {
	i := install(t, "1.5.4", "FILESYSTEM_CACHE_PATH="+t.TempDir(), "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1")
	i.withDesign()
	i.exec("DELETE FROM project_config_value WHERE project_id = 2") // mosparo has not stored a hash yet
	i.exec("CREATE TRIGGER refuse BEFORE UPDATE ON project_config_value BEGIN SELECT RAISE(FAIL, 'read-only replica'); END")

	code, out, errs := i.ctl("css", "warm", "--dir", i.dir, "--json", "--save-hash")
	require.Equal(t, 1, code, errs)
	var r warmReport
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, []int{2, 0, 2}, []int{r.Prepared, r.Failed, r.Unsaved})
	problems := map[cssstore.UUID]string{}
	for _, w := range r.Projects {
		require.NotZero(t, w.Hash)
		problems[w.Project] = w.HashError
	}
	require.Contains(t, problems[cssstore.UUID{1}], "read-only replica")
	require.Contains(t, problems[cssstore.UUID{2}], "no stored hash")

	code, out, _ = i.ctl("css", "warm", "--dir", i.dir, "--save-hash")
	require.Equal(t, 1, code)
	require.Contains(t, out, cssstore.UUID{1}.String()+": the hash ")
	require.Contains(t, out, "2 hashes not saved")
	i.exec("DROP TRIGGER refuse")
	code, out, _ = i.ctl("css", "warm", "--dir", i.dir, "--save-hash")
	require.Equal(t, 1, code)
	require.NotContains(t, out, cssstore.UUID{1}.String())
}
