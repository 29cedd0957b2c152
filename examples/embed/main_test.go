package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

type projects []cssstore.Project

func (p projects) Projects(context.Context) ([]cssstore.Project, error) { return p, nil }

func TestApplication(t *testing.T) {
	shared, db := memoryadapter.New(), cleanuptest.NewFake()
	css := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".form{}")}
	pool := cache.NewPool(shared)
	require.NoError(t, cachestore.New(pool).Put(t.Context(), css))
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now().Add(-time.Minute), 0))
	settings, err := envconfig.FromEnviron([]string{
		"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
	})
	require.NoError(t, err)
	node, err := open(t.Context(), settings, connect.WithMode(cleanup.ModeClean), connect.WithDrain(0),
		connect.WithCache(shared), connect.WithLock(memorylocker.New()), connect.WithDatabase(db),
		connect.WithProjects(projects{{UUID: css.Project, Hash: css.Hash}}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, node.Close()) })

	ctx, stop := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- node.Serve(ctx, l, connect.WithHandler(newRouter(node))) }()

	router := newRouter(node)
	get := func(path string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = "127.0.0.1:1" // the health checks are for the allow list
		router.ServeHTTP(w, r)
		return w
	}
	require.Eventually(t, func() bool { return get("/readyz").Code == http.StatusOK }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return db.Cleans() == 1 }, time.Minute, 10*time.Millisecond, "the scheduler runs")

	file := prefix + "/resources/" + css.Project.String() + "/" + css.Hash.String() + ".css"
	require.Equal(t, ".form{}", get(file).Body.String())
	w := get(prefix + "/resources/" + css.Project.String() + ".css")
	require.Equal(t, http.StatusTemporaryRedirect, w.Code)
	require.Equal(t, "http://example.com"+file, w.Header().Get("Location"))
	require.Equal(t, http.StatusOK, get(prefix+"/api/v1/health/check").Code)
	require.Equal(t, http.StatusServiceUnavailable, get(prefix+"/api/v1/frontend/verify").Code, "for PHP nodes")
	require.Equal(t, "The application.\n", get("/").Body.String())
	require.Equal(t, http.StatusOK, get("/cleanup").Code)
	require.Equal(t, http.StatusNotFound, get("/resources/logo.svg").Code, "without the prefix it is the application's")

	res, err := http.Get("http://" + l.Addr().String() + file)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	stop()
	require.NoError(t, <-ended)
}
