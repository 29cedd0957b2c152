package fileadapter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
)

// vector is one recorded case of testdata/filesystem.json.
type vector struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Key       string `json:"key"`
	KeyB64    []byte `json:"key_b64"`
	Lifetime  int64  `json:"lifetime"`
	Path      string `json:"path"`
	Mtime     string `json:"mtime"`
	File      []byte `json:"file_b64"`
	Now       int64  `json:"now"`
	Hit       bool   `json:"hit"`
	Deleted   bool   `json:"file_deleted_by_the_read"`
	OK        bool   `json:"ok"`

	Keys           []string `json:"keys"`
	Files          []string `json:"files"`
	AfterDelete    []string `json:"after_delete_of_x2"`
	DirectoriesSet []string `json:"dirs_left"`
}

func vectors(t *testing.T, kind string) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/filesystem.json")
	require.NoError(t, err)
	var file struct{ Cases []vector }
	require.NoError(t, json.Unmarshal(raw, &file))
	var cases []vector
	for _, c := range file.Cases {
		if c.Kind == kind {
			cases = append(cases, c)
		}
	}
	require.NotEmpty(t, cases)
	return cases
}

func newAt(t *testing.T, dir string, opts ...Option) *Adapter {
	t.Helper()
	a, err := New(dir, append([]Option{WithOwned(cachetest.KeyPatterns()...)}, opts...)...)
	require.NoError(t, err)
	return a
}

// value is what follows the two first lines of a file.
func value(file []byte) []byte { return file[parse(file).valueAt:] }

func TestVectors_WriteTheFilesThatSymfonyWrites(t *testing.T) {
	for _, c := range vectors(t, "write") {
		t.Run(c.Key, func(t *testing.T) {
			dir, key := t.TempDir(), string(c.KeyB64)
			if c.Namespace == "" {
				require.Equal(t, c.Path, Path(key))
			}
			a := newAt(t, dir, WithNamespace(c.Namespace))
			require.Equal(t, filepath.Join(dir, c.Path), a.File(key))

			before := time.Now()
			item := cache.Item{Key: key, Value: value(c.File), TTL: time.Duration(c.Lifetime) * time.Second}
			require.NoError(t, a.Set(t.Context(), item))
			got, err := os.ReadFile(filepath.Join(dir, c.Path))
			require.NoError(t, err)
			fi, err := os.Stat(filepath.Join(dir, c.Path))
			require.NoError(t, err)
			first, rest, _ := strings.Cut(string(got), "\n")
			_, wantRest, _ := strings.Cut(string(c.File), "\n")
			require.Equal(t, wantRest, rest)
			if c.Lifetime == 0 {
				require.Equal(t, "0", first)
				require.Equal(t, "now + 31556952", c.Mtime)
				require.InDelta(t, before.Unix()+31_556_952, fi.ModTime().Unix(), 10)
			} else {
				end, err := strconv.ParseInt(first, 10, 64)
				require.NoError(t, err)
				require.InDelta(t, before.Unix()+c.Lifetime+1, end, 10)
				require.Equal(t, "expiry", c.Mtime)
				require.Equal(t, end, fi.ModTime().Unix())
			}
		})
	}
}

func TestVectors_ReadFilesAsSymfonyDoes(t *testing.T) {
	for _, c := range vectors(t, "read") {
		t.Run(c.Name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, c.Path)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, c.File, 0o644))
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Unix(c.Now, 0)))
				got, err := newAt(t, dir).Get(t.Context(), c.Key)
				require.NoError(t, err)
				switch {
				case c.Hit:
					require.Equal(t, value(c.File), got[0])
				case c.Name == "cut value" || c.Name == "garbage value":
					// To the adapter they are values: decoding fails above it.
					require.Equal(t, value(c.File), got[0])
				default:
					require.Nil(t, got[0])
				}
			})
			_, err := os.Stat(path)
			require.Equal(t, c.Deleted, os.IsNotExist(err))
		})
	}
}

func TestVectors_DeleteLeavesTheDirectories(t *testing.T) {
	for _, c := range vectors(t, "delete") {
		dir := t.TempDir()
		a := newAt(t, dir)
		for _, k := range c.Keys {
			require.NoError(t, a.Set(t.Context(), cache.Item{Key: k, Value: []byte("N;")}))
		}
		require.ElementsMatch(t, c.Files, files(t, dir))
		require.NoError(t, a.Delete(t.Context(), "x2"))
		require.ElementsMatch(t, c.AfterDelete, files(t, dir))
		require.NoError(t, a.Delete(t.Context(), c.Keys...))
		require.Empty(t, files(t, dir))
		for _, d := range c.DirectoriesSet {
			require.DirExists(t, filepath.Join(dir, d))
		}
	}
}

func TestVectors_Namespaces(t *testing.T) {
	for _, c := range vectors(t, "namespace") {
		_, err := New(t.TempDir(), WithNamespace(c.Namespace))
		require.Equal(t, c.OK, err == nil, c.Namespace)
	}
}

func TestVectors_Keys(t *testing.T) {
	for _, c := range vectors(t, "key") {
		require.Equal(t, c.OK, cache.ValidateKey(c.Key) == nil, c.Key)
	}
}

func TestVectors_DefaultDirectory(t *testing.T) {
	a, err := New("")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(os.TempDir(), "symfony-cache", "@"), a.Dir())
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			found = append(found, filepath.ToSlash(rel))
		}
		return err
	}))
	return found
}
