package connect_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
)

// lockedBuffer is a log that several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// with returns the lines that contain a text.
func (l *lockedBuffer) with(text string) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// requestIDs are the ids in the contexts of events.
type requestIDs struct {
	mu  sync.Mutex
	all []string
}

func (r *requestIDs) add(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, requestid.FromContext(ctx))
}

func (r *requestIDs) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.all, id)
}

func ask(t *testing.T, url, id string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Header.Set(requestid.Header, id)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, errors.Join(err, res.Body.Close()))
	require.NotContains(t, res.Header, requestid.Header)
	return res.StatusCode
}

// One id is in the log and in the events of all that a request causes, also in the
// background and in the application's own handlers.
func TestServe_ARequestIsFollowedByItsID(t *testing.T) {
	f := newFakes()
	require.NoError(t, cachestore.New(cache.NewPool(f.cache)).Put(t.Context(), project))
	broken := cachetest.NewFaulty(f.cache)
	var log lockedBuffer
	var ofCSS, ofCache requestIDs
	n, err := connect.Open(t.Context(), settings(t, known...),
		connect.WithCache(broken), connect.WithLock(f.lock), connect.WithDatabase(f.database), connect.WithDrain(0),
		connect.WithProjects(projectList{{UUID: project.Project, Hash: project.Hash}}),
		connect.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		connect.WithCSSOptions(csshttp.WithObserver(func(ctx context.Context, _ csshttp.Event) { ofCSS.add(ctx) })),
		connect.WithPoolOptions(cache.WithObserver(func(ctx context.Context, _ cache.Event) { ofCache.add(ctx) })))
	require.NoError(t, err)
	defer n.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- n.Serve(ctx, l) }()
	url := "http://" + l.Addr().String()
	css := "/resources/" + project.Project.String() + "/" + project.Hash.String() + ".css"

	broken.Down()
	require.Equal(t, http.StatusServiceUnavailable, ask(t, url+"/api/v1/frontend/verify", "unserved-1"))
	require.Len(t, log.with("a path was asked for that this node does not serve"), 1)
	require.Len(t, log.with(`method=GET path=/api/v1/frontend/verify requests=1 request_id=unserved-1`), 1)
	require.NotZero(t, ask(t, url+css, "css-1"))
	require.True(t, ofCSS.has("css-1"))
	stop()
	require.NoError(t, <-ended)
	require.Len(t, log.with("msg=request"), 2)
	require.Regexp(t, `level=DEBUG msg=request method=GET path=/api/v1/frontend/verify status=503 duration=\S+ address=127.0.0.1:\d+ request_id=unserved-1`, log.with("msg=request")[0])
	require.Empty(t, log.with("request_id=\n"))
}

// What a request starts in the background has its id as well.
func TestHandler_ReadsTheCacheUnderTheIDOfTheRequest(t *testing.T) {
	f := newFakes()
	require.NoError(t, cachestore.New(cache.NewPool(f.cache)).Put(t.Context(), project))
	broken := cachetest.NewFaulty(f.cache)
	broken.Down()
	var log lockedBuffer
	var seen requestIDs
	observer := func(ctx context.Context, _ cache.Event) { seen.add(ctx) }
	n := f.open(t, connect.WithCache(broken), connect.WithPoolOptions(cache.WithObserver(observer)), connect.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	defer n.Close()
	r := httptest.NewRequest(http.MethodGet, "/resources/"+project.Project.String()+"/"+project.Hash.String()+".css", nil)
	r.Header.Set(requestid.Header, "css-1")
	n.Handler().ServeHTTP(httptest.NewRecorder(), r)
	require.True(t, seen.has("css-1"))
	for _, msg := range []string{"the shared cache fails", "stored css cannot be read"} {
		require.Len(t, log.with(msg), 1)
		require.Contains(t, log.with(msg)[0], `"request_id":"css-1"`)
	}
}

// All lines of a run have its id, also those of the cache and of the application.
func TestLog_LinesOfARunHaveItsID(t *testing.T) {
	f := newFakes()
	broken := cachetest.NewFaulty(f.cache)
	var log lockedBuffer
	logger := slog.New(connect.NewLogHandler(slog.NewJSONHandler(&log, nil)))
	var pool *cache.Pool
	clean := func(ctx context.Context, _ cleanup.Job) (cleanup.Report, error) {
		defer broken.Down()()
		_, err := cache.Key[string]("mosparoGoX").Get(ctx, pool)
		logger.InfoContext(ctx, "cleaning", slog.Any("error", err))
		return cleanup.Report{Finished: true}, nil
	}
	n := f.open(t, connect.WithCache(broken), connect.WithMode(cleanup.ModeClean), connect.WithLogger(logger), connect.WithSchedulerOptions(cleanup.WithExtra(clean)))
	defer n.Close()
	pool = n.Pool
	a, err := n.Scheduler.TryRun(t.Context(), cleanup.ExecutorCommand)
	require.NoError(t, err)
	require.Equal(t, cleanup.ResultCompleted, a.Result)
	for _, msg := range []string{"the shared cache fails", "cleaning", "cleanup"} {
		lines := log.with(`"msg":"` + msg + `"`)
		require.Len(t, lines, 1, msg)
		require.Equal(t, 1, strings.Count(lines[0], `"run_id":1`), lines[0])
	}
}

func TestNewLogHandler_IsNotAppliedTwice(t *testing.T) {
	var log lockedBuffer
	h := connect.NewLogHandler(slog.NewTextHandler(&log, nil))
	require.Equal(t, h, connect.NewLogHandler(h))
	own := slog.New(connect.NewLogHandler(h.WithAttrs([]slog.Attr{slog.String("program", "x")})))
	requestid.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		own.InfoContext(r.Context(), "hello", slog.String("who", "world"))
		own.WithGroup("g").InfoContext(r.Context(), "grouped")
		own.InfoContext(context.Background(), "without")
	})).ServeHTTP(httptest.NewRecorder(), func() *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set(requestid.Header, "7")
		return r
	}())
	require.Regexp(t, `msg=hello program=x who=world request_id=7\n$`, log.with("hello")[0])
	require.Contains(t, log.with("grouped")[0], "request_id=7")
	require.NotContains(t, log.with("without")[0], "request_id")
}
