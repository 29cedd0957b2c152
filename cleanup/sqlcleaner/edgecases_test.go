package sqlcleaner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// due are submissions of a token, by id, that no token in use keeps.
func due(token int, ids ...int) (all []submission) {
	for _, id := range ids {
		all = append(all, submission{id: id, token: token, age: 20 * day, spam: 1, valid: -1})
	}
	return all
}

func span(from, to int) (all []int) {
	for i := from; i <= to; i++ {
		all = append(all, i)
	}
	return all
}

func TestClean_DoesNotStarveBehindTokensInUse(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := &world{projects: []project{{1, "FOREVER"}}}
		// More due submissions whose tokens are still needed than a round has
		// rows, then 10 that are free, then one token with more than a
		// transaction takes.
		for i := 1; i <= 520; i++ {
			w.tokens = append(w.tokens, token{id: i, age: 20 * day, last: 2*i + 1})
			w.subs = append(w.subs, due(i, 2*i)...)
			w.subs = append(w.subs, submission{id: 2*i + 1, token: i, age: day, spam: 1, valid: -1})
		}
		for i := 10001; i <= 10010; i++ {
			w.tokens = append(w.tokens, token{id: i, age: 20 * day, last: i})
			w.subs = append(w.subs, due(i, i)...)
		}
		w.tokens = append(w.tokens, token{id: 20000, age: 20 * day, last: 20001})
		w.subs = append(w.subs, due(20000, span(20001, 21100)...)...)
		w.fill(db, time.Now().UTC())

		report, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{Limits: cleanup.Limits{Rows: 250}})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.Equal(t, 11, report.DeletedTokens)
		require.Equal(t, 1110, report.DeletedSubmissions)
		require.Equal(t, 520, report.StoredTokens)
	})
}

func TestClean_LeavesTheLastSubmissionOfAKeptToken(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		// Token 2 is in use and refers to submission 1 of token 1.
		w := &world{
			projects: []project{{1, "FOREVER"}},
			tokens:   []token{{id: 1, age: 20 * day}, {id: 2, age: 20 * day, last: 1}},
			subs:     append(due(1, 1), submission{id: 2, token: 2, age: time.Hour}),
		}
		w.fill(db, time.Now().UTC())
		report, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		require.True(t, report.Finished)
		w.holds(db)
	})
}

func TestClean_DeletesTokensThatReferToEachOthersSubmissions(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		// 1 → 2 → 3 → 1, and 4, to which 5 refers, which is in use.
		w := &world{projects: []project{{1, "FOREVER"}}}
		for i, last := range []int{2, 3, 1, 0, 4} {
			w.tokens = append(w.tokens, token{id: i + 1, age: 20 * day, last: last})
			w.subs = append(w.subs, due(i+1, i+1)...)
		}
		w.subs[4].age = time.Hour
		w.fill(db, time.Now().UTC())
		d := sqlcleaner.New(db.DB, db.dialect)
		would, err := d.DryRun(t.Context(), cleanup.Policy{})
		require.NoError(t, err)
		require.Equal(t, 3, would.DeletedTokens)
		report, err := d.Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.Equal(t, []int64{4, 5}, db.ids("submit_token"))
		require.Equal(t, []int64{4, 5}, db.ids("submission"))
	})
}

func TestClean_KeepsItsLimits(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := &world{projects: []project{{1, "FOREVER"}}}
		for i := 1; i <= 600; i++ {
			w.tokens = append(w.tokens, token{id: i, age: 20 * day, last: i})
			w.subs = append(w.subs, due(i, i)...)
		}
		w.fill(db, time.Now().UTC())
		d := sqlcleaner.New(db.DB, db.dialect)
		clean := func(l cleanup.Limits, finished bool, deleted int) {
			t.Helper()
			report, err := d.Clean(t.Context(), cleanup.Job{Limits: l})
			require.NoError(t, err)
			require.Equal(t, finished, report.Finished)
			require.Equal(t, deleted, report.DeletedSubmissions)
		}
		clean(cleanup.Limits{Rounds: -1}, false, 0)
		clean(cleanup.Limits{Rounds: 1, Rows: 100}, false, 100)
		clean(cleanup.Limits{Rounds: 2, Rows: 100}, false, 200)
		clean(cleanup.Limits{Time: time.Nanosecond, Rows: 50}, false, 50)
		rounds := 0
		clean(cleanup.Limits{Rows: 50, Between: func(context.Context) error { rounds++; return nil }}, true, 250)
		require.GreaterOrEqual(t, rounds, 5)
	})
}

func TestClean_EndsWithTheErrorBetweenRounds(t *testing.T) {
	db := create(t, sqlcleaner.SQLite)
	stop := errors.New("stop")
	report, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{Limits: cleanup.Limits{Between: func(context.Context) error { return stop }}})
	require.ErrorIs(t, err, stop)
	require.False(t, report.Finished)
}

// big is one token with many submissions, each with its result.
func big(n int) *world {
	w := &world{projects: []project{{1, "FOREVER"}}, tokens: []token{{id: 7, age: 20 * day, last: n}}}
	w.subs = due(7, span(1, n)...)
	for i := 1; i <= n; i++ {
		w.results = append(w.results, pair{i, i})
	}
	return w
}

func TestClean_EndsWithTheErrorBetweenRoundsAmongExpiredDelays(t *testing.T) {
	db := create(t, sqlcleaner.SQLite)
	expired := make([]age, 20_000)
	for i := range expired {
		expired[i] = age{i + 1, time.Duration(i+1) * time.Minute}
	}
	now := time.Now().UTC()
	insert(db, `"delay" (id, valid_until)`, expired, func(a age) string {
		return fmt.Sprintf("%d, '%s'", a.id, now.Add(-a.age).Format(time.DateTime))
	})
	stop := errors.New("paused")
	_, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{Limits: cleanup.Limits{Between: func(context.Context) error { return stop }}})
	require.ErrorIs(t, err, stop)
	require.NotEmpty(t, db.ids("delay"), "it ended only when all were deleted")
}

func TestClean_DeletesATokenWithManySubmissionsInShortTransactions(t *testing.T) {
	n := 3000
	if *long {
		n = 100_000
	}
	onEach(t, func(t *testing.T, db *database) {
		big(n).fill(db, time.Now().UTC())
		before := 0
		d := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
			require.LessOrEqual(t, p.Rows["submission"]-before, 1000, "in one transaction")
			before = p.Rows["submission"]
		}))
		report, err := d.Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.Equal(t, n, report.DeletedSubmissions)
		require.Equal(t, 1, report.DeletedTokens)
		require.Empty(t, db.ids("detection_result"))
	})
}

func TestClean_KeepsASubmissionThatArrivesWhileItsTokenIsDeletedInParts(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		big(3000).fill(db, time.Now().UTC())
		arrived := false
		d := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
			if arrived || p.Rows["submission"] < 500 {
				return
			}
			arrived = true
			db.exec("INSERT INTO submission (id, project_id, submit_token_id, submitted_at) VALUES (6000, 1, 7, ?)", time.Now().UTC().Format(time.DateTime))
			db.exec("UPDATE submit_token SET last_submission_id = 6000 WHERE id = 7")
		}))
		report, err := d.Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		require.True(t, arrived)
		require.Equal(t, []int64{7}, db.ids("submit_token"))
		left := db.ids("submission")
		require.Equal(t, int64(6000), left[len(left)-1])
		require.EqualValues(t, 6000, db.number("SELECT last_submission_id FROM submit_token"))
		require.Len(t, left, 3001-report.DeletedSubmissions)
		require.Len(t, db.ids("detection_result"), len(left)-1)
		require.Zero(t, report.DeletedTokens)
	})
}

func TestClean_ReportsItsProgress(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := random(rand.New(rand.NewPCG(1, 2)), 300)
		w.fill(db, time.Now().UTC())
		var steps []string
		fraction := 0.0
		last := map[string]int{}
		report, err := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
			if len(steps) == 0 || steps[len(steps)-1] != p.Step {
				steps = append(steps, p.Step)
			}
			if p.Step == "submission" {
				require.GreaterOrEqual(t, p.Fraction, fraction)
				fraction = p.Fraction
			}
			last = p.Rows
		})).Clean(t.Context(), cleanup.Job{Policy: w.policy})
		require.NoError(t, err)
		require.Equal(t, []string{"delay", "lockout", "submission", "orphan", "submit_token", "day_statistic"}, steps)
		require.InDelta(t, 1, fraction, 0)
		require.Equal(t, report.Rows, last)
	})
}

func TestClean_StopsWithItsContext(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := random(rand.New(rand.NewPCG(3, 4)), 300)
		now := time.Now().UTC()
		w.fill(db, now)
		ctx, cancel := context.WithCancelCause(t.Context())
		over := errors.New("over")
		report, err := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
			if p.Rows["submission"] > 100 {
				cancel(over)
			}
		})).Clean(ctx, cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 50}})
		require.ErrorIs(t, err, over)
		require.False(t, report.Finished)
		require.Less(t, report.DeletedSubmissions, 300)
		_, err = sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{Policy: w.policy})
		require.NoError(t, err)
		w.clean(now, db.dialect)
		w.holds(db)
	})
}

func TestClean_StopsAStatementThatIsUnderWay(t *testing.T) {
	for _, dialect := range []sqlcleaner.Dialect{sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			db := create(t, dialect)
			w := random(rand.New(rand.NewPCG(3, 4)), 100)
			w.fill(db, time.Now().UTC())
			// Nothing gets past a lock on the whole table.
			conn, err := db.Conn(t.Context())
			require.NoError(t, err)
			defer conn.Close()
			lock := "LOCK TABLES submission WRITE, lockout WRITE"
			if dialect == sqlcleaner.PostgreSQL {
				_, err = conn.ExecContext(t.Context(), "BEGIN")
				require.NoError(t, err)
				lock = "LOCK TABLE submission IN ACCESS EXCLUSIVE MODE"
			}
			_, err = conn.ExecContext(t.Context(), lock)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err = sqlcleaner.New(db.DB, dialect).Clean(ctx, cleanup.Job{Policy: w.policy})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Less(t, time.Since(began), 10*time.Second)
			_, err = conn.ExecContext(t.Context(), map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "UNLOCK TABLES", sqlcleaner.PostgreSQL: "ROLLBACK"}[dialect])
			require.NoError(t, err)
		})
	}
}

func TestClean_NeedsNoMoreMemoryForMoreRows(t *testing.T) {
	// What is live at a time is what counts, not what was allocated in all.
	peak := func(n int) (most uint64) {
		db := create(t, sqlcleaner.PostgreSQL)
		stocked(db, together(n))
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		before := m.HeapAlloc
		_, err := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithProgress(func(sqlcleaner.Progress) {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc-min(before, m.HeapAlloc))
		})).Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		return most
	}
	small, large := peak(1000), peak(8000)
	t.Logf("%d KiB and %d KiB", small/1024, large/1024)
	require.Less(t, large, small+2<<20)
}
