package design_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore/design"
)

func TestLoadBase_FollowsTheEntryPoints(t *testing.T) {
	for name, c := range map[string]struct {
		list, want string
		err        error
	}{
		"first file":        {list: `{"entrypoints":{"x":{"css":["/build/x.css"]},"mosparo-frontend":{"js":["/build/m.js"],"css":["/build/m.css","/build/x.css"]}}}`, want: "/build/m.css"},
		"with a digest":     {list: `{"entrypoints":{"mosparo-frontend":{"css":["/build/m.css"]}},"integrity":{"/build/m.css":"sha384-x"}}`, want: "/build/m.css"},
		"no entry":          {list: `{"entrypoints":{"x":{"css":["/build/x.css"]}}}`, err: design.ErrNoBase},
		"no css":            {list: `{"entrypoints":{"mosparo-frontend":{"js":["/build/m.js"]}}}`, err: design.ErrNoBase},
		"file is missing":   {list: `{"entrypoints":{"mosparo-frontend":{"css":["/build/none.css"]}}}`, err: design.ErrNoBase},
		"out of the folder": {list: `{"entrypoints":{"mosparo-frontend":{"css":["/../secret.css"]}}}`, err: design.ErrNoBase},
		"elsewhere":         {list: `{"entrypoints":{"mosparo-frontend":{"css":["https://cdn.example/m.css"]}}}`, err: design.ErrNoBase},
		"no list":           {err: design.ErrNoBase},
	} {
		t.Run(name, func(t *testing.T) {
			public := filepath.Join(t.TempDir(), "public")
			require.NoError(t, os.MkdirAll(filepath.Join(public, "build"), 0o755))
			for file, text := range map[string]string{"../secret.css": "secret", "build/m.css": ".mosparo__container{}", "build/x.css": "x", "build/entrypoints.json": c.list} {
				if text != "" {
					require.NoError(t, os.WriteFile(filepath.Join(public, filepath.FromSlash(file)), []byte(text), 0o644))
				}
			}
			b, err := design.LoadBase(public)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				require.Contains(t, err.Error(), public)
				require.NotContains(t, err.Error(), "\n")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, b.Path)
			require.Equal(t, ".mosparo__container{}", string(b.CSS))
			require.Equal(t, "57b5dbb1", b.Digest[:8])
		})
	}
}
