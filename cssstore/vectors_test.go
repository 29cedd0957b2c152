package cssstore_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
)

// step is one thing that mosparo did, and what lay where afterwards.
type step struct {
	Do      string               `json:"do"`
	Project cssstore.UUID        `json:"project"`
	Rows    [][2]json.RawMessage `json:"rows"`
	Files   map[string]any       `json:"files"`
	Cache   map[string]*string   `json:"cache"`
}

func (s *step) rows(t *testing.T) []design.Row {
	rows := make([]design.Row, len(s.Rows))
	for i, r := range s.Rows {
		require.NoError(t, json.Unmarshal(r[0], &rows[i].Name))
		var err error
		rows[i].Value, err = typedjson.Unmarshal(r[1])
		require.NoError(t, err)
	}
	return rows
}

// recordedSteps are those that store something; where PHP stores nothing, or
// clears the wrong storage, there is nothing to compare.
func recordedSteps(t *testing.T, storage string) (base []byte, steps []step) {
	t.Helper()
	f, err := os.Open(filepath.Join("design", "testdata", "design.json.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	raw, err := io.ReadAll(z)
	require.NoError(t, err)
	var file struct {
		Base    string            `json:"storage_base_css"`
		Storage map[string][]step `json:"storage"`
	}
	require.NoError(t, json.Unmarshal(raw, &file))
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
	s := cssstore.NewCached(cache.NewPool(a), nil)
	for _, step := range steps {
		r, err := design.Prepare(step.Project, step.rows(t), base)
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
	s := cssstore.NewFiles(filepath.Join(public, "resources"), nil, cssstore.WithMappings(), cssstore.WithGrace(0))
	for _, step := range steps {
		r, err := design.Prepare(step.Project, step.rows(t), base)
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
