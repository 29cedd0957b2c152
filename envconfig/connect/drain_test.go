package connect_test

import (
	"context"
	"database/sql"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
)

// noClients is a listener to which no client connects. Unlike a socket it lets the
// time of a bubble go on.
type noClients struct {
	close  sync.Once
	closed chan struct{}
}

func newNoClients() *noClients { return &noClients{closed: make(chan struct{})} }

func (l *noClients) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l *noClients) Close() error              { l.close.Do(func() { close(l.closed) }); return nil }
func (l *noClients) Addr() net.Addr            { return &net.TCPAddr{} }

// pipes is a listener for connections in memory, which let the time of a bubble go on, too.
type pipes struct {
	*noClients
	conns chan net.Conn
}

func newPipes() pipes { return pipes{newNoClients(), make(chan net.Conn)} }

func (l pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- ofThisHost{server}:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// get asks on a connection of its own; 0 if there is none.
func (l pipes) get(t *testing.T, path string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: l.dial, DisableKeepAlives: true}}
	res, err := client.Get("http://node" + path)
	if err != nil {
		return 0
	}
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

// ofThisHost is a connection whose client may ask for the health of a node.
type ofThisHost struct{ net.Conn }

func (ofThisHost) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func requireNotHeld(t *testing.T, l *lock.Locker) {
	t.Helper()
	_, err := l.Holder(t.Context(), cleanup.LockName)
	require.ErrorIs(t, err, lock.ErrNotHeld)
}

// While a node drains it serves, but no longer cleans: the others need not wait for it.
func TestServe_HandsTheCleanupOverWhenItBeginsToDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes()
		f.database.Takes, f.database.Round = time.Hour, time.Second // a statement takes a second
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), cache.NewPool(f.cache), time.Now(), 0))
		leaving := f.open(t, connect.WithMode(cleanup.ModeClean), connect.WithDrain(time.Minute))
		staying := f.open(t, connect.WithMode(cleanup.ModeClean))

		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- leaving.Serve(ctx, newNoClients()) }()
		time.Sleep(10 * time.Second)
		_, err := staying.Locker.Holder(t.Context(), cleanup.LockName)
		require.NoError(t, err)
		require.Equal(t, cleanup.StatusUnknown, f.database.Runs()[0].Status, "it cleans")

		stop()
		time.Sleep(time.Second)
		requireNotHeld(t, staying.Locker)
		require.Equal(t, cleanup.StatusIncomplete, f.database.Runs()[0].Status, "the run is ended in order")
		require.Positive(t, f.database.Runs()[0].DeletedSubmissions)
		require.Empty(t, ended, "it drains")
		require.Equal(t, http.StatusServiceUnavailable, status(leaving.Handler(), health.ReadyPath))

		ctx, stop = context.WithCancel(t.Context())
		go func() { ended <- staying.Run(ctx) }()
		time.Sleep(2 * time.Hour)
		stop()
		require.NoError(t, <-ended)
		require.NoError(t, <-ended)
		require.Len(t, f.database.Runs(), 2)
		require.Equal(t, cleanup.StatusComplete, f.database.Runs()[1].Status, "the next node does the rest")
		require.Zero(t, f.database.OverlappingCleans())
		require.NoError(t, leaving.Close())
		require.NoError(t, staying.Close())
	})
}

// A signal comes after the first transaction of several.
func TestRun_HandsOverWhatItHasNotCleanedOfMosparosTables(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "data.sqlite")+"?_pragma=busy_timeout(5000)&_txlock=immediate")
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	for _, statement := range []string{
		"INSERT INTO project (id, uuid, name, statistic_storage_limit) VALUES (1, '0b0e7ab6-2b1c-4c1e-9a44-0123456789ab', 'x', '14D')",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO submit_token (id, project_id, token, created_at) SELECT i, 1, i, '2020-01-01 00:00:00' FROM n",
		"INSERT INTO submission (id, project_id, submit_token_id, submitted_at, spam) SELECT id, 1, id, '2020-01-01 00:00:00', 0 FROM submit_token",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	count := func() (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM submission").Scan(&n))
		return n
	}
	f := newFakes()
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), cache.NewPool(f.cache), time.Now().Add(-time.Hour), 0))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stopping := sqlcleaner.New(db, sqlcleaner.SQLite, sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
		if p.Rows["submission"] > 0 {
			stop()
		}
	}))
	leaving := f.open(t, connect.WithMode(cleanup.ModeClean), connect.WithDatabase(stopping))
	staying := f.open(t, connect.WithMode(cleanup.ModeClean), connect.WithDatabase(sqlcleaner.New(db, sqlcleaner.SQLite)))

	require.NoError(t, leaving.Run(ctx))
	left := count()
	require.Less(t, left, 1000)
	require.Positive(t, left)
	requireNotHeld(t, staying.Locker)
	runs, err := staying.Database.Recent(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, cleanup.StatusIncomplete, runs[0].Status)
	require.Equal(t, 1000-left, runs[0].DeletedSubmissions)

	a, err := staying.Scheduler.TryRun(t.Context(), cleanup.ExecutorCommand)
	require.NoError(t, err)
	require.Equal(t, cleanup.ResultCompleted, a.Result)
	require.Zero(t, count())
	require.NoError(t, leaving.Close())
	require.NoError(t, staying.Close())
}
