package cssstore_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

// step is one thing that mosparo did, and what lay where afterwards.
type step struct {
	Do      string               `json:"do"`
	Project cssstore.UUID        `json:"project"`
	Rows    [][2]json.RawMessage `json:"rows"`
	Files   map[string]any       `json:"files"`
	Cache   map[string]*string   `json:"cache"`
}

// recordedSteps are those that store something; where PHP stores nothing, or
// clears the wrong storage, there is nothing to compare.
func recordedSteps(t *testing.T, storage string) (base []byte, steps []step) {
	t.Helper()
	var file struct {
		Base    string            `json:"storage_base_css"`
		Storage map[string][]step `json:"storage"`
	}
	require.NoError(t, json.Unmarshal(fixturetest.Unpack(t, "design/testdata/design.json.gz"), &file))
	for _, s := range file.Storage[storage] {
		if strings.HasPrefix(s.Do, "generate") && !strings.Contains(s.Do, "without a base") {
			steps = append(steps, s)
		}
	}
	require.GreaterOrEqual(t, len(steps), 4)
	return []byte(file.Base), steps
}

func TestVectors_TheSharedCacheIsAsMosparoLeavesIt(t *testing.T) {
	base, steps := recordedSteps(t, "shared_cache")
	a := memoryadapter.New()
	s := cachestore.New(cache.NewPool(a))
	for _, step := range steps {
		r, err := design.Prepare(step.Project, fixturetest.Rows(t, step.Rows), base)
		require.NoError(t, err)
		require.NoError(t, s.Put(t.Context(), r))
		for key, want := range step.Cache {
			raw, err := a.Get(t.Context(), key)
			require.NoError(t, err)
			if want == nil {
				require.Nil(t, raw[0], "%s: %s", step.Do, key)
				continue
			}
			stored, err := php.Marshal(*want)
			require.NoError(t, err)
			require.Equal(t, string(stored), string(raw[0]), "%s: %s", step.Do, key)
		}
	}
}

func TestVectors_TheFilesAreAsMosparoLeavesThem(t *testing.T) {
	base, steps := recordedSteps(t, "files")
	public := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(public, "resources"), 0o755))
	s := filestore.New(filepath.Join(public, "resources"), filestore.WithMappings(), filestore.WithGrace(0))
	for _, step := range steps {
		r, err := design.Prepare(step.Project, fixturetest.Rows(t, step.Rows), base)
		require.NoError(t, err)
		require.NoError(t, s.Put(t.Context(), r))
		files := map[string]any{}
		require.NoError(t, fs.WalkDir(os.DirFS(public), ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				var b []byte
				b, err = os.ReadFile(filepath.Join(public, filepath.FromSlash(path)))
				files[path] = string(b)
			}
			return err
		}))
		require.Equal(t, step.Files, files, step.Do)
	}
}
