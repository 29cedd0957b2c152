package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

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

var css = cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".form{}")}

// openOnFakes opens a node of a cluster whose cleanup is due.
func openOnFakes(t *testing.T, tracer trace.Tracer, opts ...connect.Option) *node {
	t.Helper()
	shared := memoryadapter.New()
	pool := cache.NewPool(shared)
	require.NoError(t, cachestore.New(pool).Put(t.Context(), css))
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now().Add(-time.Minute), 0))
	settings, err := envconfig.FromEnviron([]string{
		"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
	})
	require.NoError(t, err)
	n, err := open(t.Context(), settings, tracer, append([]connect.Option{
		connect.WithCache(shared), connect.WithLock(memorylocker.New()), connect.WithDatabase(cleanuptest.NewFake()),
		connect.WithProjects(projects{{UUID: css.Project, Hash: css.Hash}}),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// named returns the spans of a name.
func named(spans *tracetest.InMemoryExporter, name string) tracetest.SpanStubs {
	return slices.DeleteFunc(spans.GetSpans(), func(s tracetest.SpanStub) bool { return s.Name != name })
}

func newTracer() (*tracetest.InMemoryExporter, trace.Tracer) {
	spans := tracetest.NewInMemoryExporter()
	return spans, sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test")
}

func TestSpans_OfARequestBelongToTheTraceOfTheClient(t *testing.T) {
	spans, tracer := newTracer()
	n := openOnFakes(t, tracer)
	r := httptest.NewRequest(http.MethodGet, "/resources/"+css.Project.String()+"/"+css.Hash.String()+".css", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	w := httptest.NewRecorder()
	n.public.ServeHTTP(w, r)
	require.Equal(t, string(css.CSS), w.Body.String())

	request, hash := named(spans, "HTTP GET"), named(spans, "css hash")
	require.Len(t, request, 1)
	require.Len(t, hash, 1)
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", hash[0].SpanContext.TraceID().String())
	require.Equal(t, "b7ad6b7169203331", request[0].Parent.SpanID().String())
	require.Equal(t, request[0].SpanContext.SpanID(), hash[0].Parent.SpanID())
	for _, s := range slices.Concat(request, hash, named(spans, "cache get")) { // the store is read in the background
		require.Equal(t, "0af7651916cd43dd8448eb211c80319c", s.SpanContext.TraceID().String())
		require.Contains(t, s.Attributes, attribute.String("mosparo.request_id", "0af7651916cd43dd8448eb211c80319c"))
	}
	require.NotEmpty(t, named(spans, "cache get"))
	require.False(t, hash[0].StartTime.Before(request[0].StartTime))
	require.False(t, hash[0].EndTime.After(request[0].EndTime))
}

func TestSpans_OfACleanup(t *testing.T) {
	spans, tracer := newTracer()
	n := openOnFakes(t, tracer, connect.WithMode(cleanup.ModeClean))
	a, err := n.Scheduler.TryRun(t.Context(), cleanup.ExecutorCommand)
	require.NoError(t, err)
	require.Equal(t, cleanup.ResultCompleted, a.Result)
	run := named(spans, "cleanup")
	require.Len(t, run, 1)
	release := named(spans, "lock release")
	require.Len(t, release, 1)
	require.False(t, release[0].StartTime.Before(run[0].StartTime))
	ofRun := attribute.Int64("mosparo.run_id", cleanupID(t, n))
	require.Contains(t, run[0].Attributes, ofRun)
	require.Contains(t, release[0].Attributes, ofRun)
	require.True(t, slices.ContainsFunc(named(spans, "cache set"), func(s tracetest.SpanStub) bool { return slices.Contains(s.Attributes, ofRun) }))
}

// cleanupID returns the id of the newest run.
func cleanupID(t *testing.T, n *node) int64 {
	t.Helper()
	runs, err := n.Database.Recent(t.Context(), 1)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	return runs[0].ID
}
