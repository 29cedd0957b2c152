package sqlcleaner_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// events are those of an observer.
type events struct {
	mu  sync.Mutex
	all []sqlcleaner.Event
}

func (e *events) observe(_ context.Context, event sqlcleaner.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// take returns the events since the last call.
func (e *events) take() []sqlcleaner.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

func ops(all []sqlcleaner.Event, result string) (names []string) {
	for _, e := range all {
		if e.Result == result {
			names = append(names, e.Op)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestObserver_SeesEveryRequestOfARun(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		db.exec(`INSERT INTO "delay" (id, valid_until) VALUES (1, '2020-01-01 00:00:00')`)
		var seen events
		d := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithObserver(seen.observe))

		require.NoError(t, d.Ping(t.Context()))
		ping := seen.take()
		require.Equal(t, []string{"ping"}, ops(ping, "ok"))
		require.Len(t, ping, 1)
		require.Positive(t, ping[0].Duration)

		_, err := d.Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		run := seen.take()
		require.Equal(t, []string{"read", "transaction"}, ops(run, "ok"))
		for _, e := range run {
			require.NoError(t, e.Err)
		}

		_, err = d.Recent(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, []string{"read"}, ops(seen.take(), "ok"))

		require.NoError(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
		for _, e := range seen.take() {
			require.NoError(t, e.Err, "also if the transaction tries to write and is rolled back")
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, d.Ping(ctx))
		require.Equal(t, []string{"ping"}, ops(seen.take(), "canceled"))
	})
}

// A token that stays and refers to a submission that is due keeps it. That is no failure of
// the database.
func TestObserver_SeesNoErrorIfATokenRefersToAnother(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := &world{projects: []project{{1, "FOREVER"}}}
		for i := 1; i <= 10; i++ {
			w.tokens = append(w.tokens, token{id: i, age: 20 * day})
			w.subs = append(w.subs, due(i, i)...)
		}
		w.tokens = append(w.tokens, token{id: 11, age: 20 * day, last: 1})
		w.subs = append(w.subs, submission{id: 11, token: 11, spam: 1, valid: -1})
		w.fill(db, time.Now().UTC())
		var seen events
		report, err := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithObserver(seen.observe)).Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		require.Equal(t, 9, report.DeletedSubmissions)
		require.Empty(t, ops(seen.take(), "other"))
	})
}

func TestObserver_TellsConflictsAndOutagesApart(t *testing.T) {
	for result, err := range map[string]error{
		"ok":          nil,
		"canceled":    context.Canceled,
		"deadline":    context.DeadlineExceeded,
		"conflict":    errors.New("Error 1213 (40001): Deadlock found when trying to get lock"),
		"unavailable": errors.New("dial tcp 127.0.0.1:3306: connect: connection refused"),
		"other":       errors.New("Error 1146: no such table"),
	} {
		e := sqlcleaner.NewEvent("read", time.Now(), err)
		require.Equal(t, result, e.Result)
		require.Equal(t, err, e.Err)
	}
}

func TestObserver_ReportsAServerThatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close()) // nothing listens there now
	for driver, c := range map[string]struct {
		dsn     string
		dialect sqlcleaner.Dialect
	}{
		"mysql": {"user:secret@tcp(" + l.Addr().String() + ")/mosparo", sqlcleaner.MySQL},
		"pgx":   {"postgres://user:secret@" + l.Addr().String() + "/mosparo", sqlcleaner.PostgreSQL},
	} {
		t.Run(driver, func(t *testing.T) {
			var seen events
			d := sqlcleaner.New(open(t, driver, c.dsn).DB, c.dialect, sqlcleaner.WithReconnect(0), sqlcleaner.WithObserver(seen.observe))
			require.Error(t, d.Ping(t.Context()))
			_, err := d.Begin(t.Context(), time.Now(), cleanup.ExecutorCommand)
			require.Error(t, err)
			all := seen.take()
			require.Equal(t, []string{"ping", "transaction"}, ops(all, "unavailable"))
			require.Len(t, all, 2)
			require.NotContains(t, all[0].Err.Error(), "secret")
		})
	}
}
