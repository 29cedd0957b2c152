package connect_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// designs is a list of projects with their design settings.
type designs struct {
	projectList
	rows []design.Row
}

func (d designs) Rows(context.Context, cssstore.UUID) ([]design.Row, error) { return d.rows, nil }

// mosparoDir is the directory of an installation with a base CSS.
func mosparoDir(t *testing.T, version, base string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"config/env.mosparo.php":            "<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '" + version + "'];",
		"public/build/entrypoints.json":     `{"entrypoints":{"mosparo-frontend":{"css":["/build/mosparo-frontend.css"]}}}`,
		"public/build/mosparo-frontend.css": base,
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// A visitor asks for the CSS of a project for which no node has prepared any.
func TestOpen_PreparesMissingCSSAsTheSettingsSay(t *testing.T) {
	const base = ".mosparo__container{color:red}"
	rows := []design.Row{{Name: "designMode", Value: "advanced"}, {Name: "colorText", Value: "rgb(0, 90, 160)"}}
	want, err := design.Prepare(project.Project, rows, []byte(base))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		environ  []string
		version  string
		mode     cleanup.Mode
		prepares bool
	}{
		"in the shared cache":   {[]string{"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"}, "1.5.4", cleanup.ModeClean, true},
		"in files":              {nil, "1.5.4", cleanup.ModeClean, false},
		"an observer":           {[]string{"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"}, "1.5.4", cleanup.ModeObserve, false},
		"of an unknown version": {[]string{"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"}, "1.6.0", cleanup.ModeClean, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := mosparoDir(t, c.version, base)
			synctest.Test(t, func(t *testing.T) {
				s, err := envconfig.Load(dir, c.environ)
				require.NoError(t, err)
				f := newFakes()
				n, err := connect.Open(t.Context(), s, connect.WithMode(c.mode), connect.WithCache(f.cache), connect.WithLock(f.lock),
					connect.WithDatabase(f.database), connect.WithProjects(designs{projectList{{UUID: want.Project, Hash: want.Hash}}, rows}))
				require.NoError(t, err)
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- n.Run(ctx) }()

				get := func() *httptest.ResponseRecorder {
					w := httptest.NewRecorder()
					n.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/resources/"+want.Project.String()+"/"+want.Hash.String()+".css", nil))
					return w
				}
				for range 60 { // the first node of a cluster waits for others, which may have another base CSS
					if get().Code == http.StatusOK {
						break
					}
					time.Sleep(time.Second)
				}
				stored, err := cachestore.New(n.Pool).Get(t.Context(), want.Project)
				if c.prepares {
					require.Equal(t, string(want.CSS), get().Body.String())
					require.NoError(t, err)
					require.Equal(t, want.CSS, stored.CSS, "other nodes find it")
					require.Equal(t, "1.5.4", stored.Source.Version)
				} else {
					require.Contains(t, get().Header().Get("Location"), "/build/mosparo-frontend.css", "visitors get the base CSS")
					require.ErrorIs(t, err, cssstore.ErrNotFound)
					require.NoDirExists(t, filepath.Join(dir, "public", "resources"))
				}
				stop()
				require.NoError(t, <-ended)
				require.NoError(t, n.Close())
			})
		})
	}
}

func TestOpen_KnowsWhereItsCSSIs(t *testing.T) {
	f := newFakes()
	parts := []connect.Option{connect.WithCache(f.cache), connect.WithLock(f.lock), connect.WithDatabase(f.database)}
	withProjects := append(slices.Clone(parts), connect.WithProjects(projectList{}))
	inFiles, err := envconfig.Load(mosparoDir(t, "1.5.4", ".a{}"), nil)
	require.NoError(t, err)
	for want, c := range map[connect.CSSSource]struct {
		settings *envconfig.Settings
		opts     []connect.Option
	}{
		connect.CSSNone:        {settings(t, known...), parts},
		connect.CSSSharedCache: {settings(t, known...), withProjects},
		connect.CSSFiles:       {inFiles, withProjects},
		connect.CSSCustom:      {settings(t, known...), append(slices.Clone(withProjects), connect.WithStore(cssstoretest.NewFake()))},
	} {
		n, err := connect.Open(t.Context(), c.settings, c.opts...)
		require.NoError(t, err)
		require.Equal(t, want, n.CSSSource)
		require.Equal(t, want == connect.CSSNone, n.CSS == nil)
		require.NoError(t, n.Close())
	}
}
