package sqlcleaner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// loadSize is how many tokens a test under load has: a size, and fewer on the SQLite of
// these tests, which is slow with the race detector.
func loadSize(db *database, size int) int {
	if db.dialect == sqlcleaner.SQLite {
		size = min(size, 200)
	}
	if *long {
		size *= 5
	}
	return size
}

// frontend is what a PHP node does to the tables while others clean them: a
// visitor submits a form, also with an old token. It never tries again.
type frontend struct {
	db      *database
	next    int
	kept    []int // the submissions that it was told are stored
	slowest time.Duration
}

// submit stores a submission. That the token is gone is an answer, anything else
// is an error.
func (f *frontend) submit(ctx context.Context, token int) error {
	began := time.Now()
	defer func() { f.slowest = max(f.slowest, time.Since(began)) }()
	f.next++
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit
	var there int
	if err := tx.QueryRowContext(ctx, f.db.sql("SELECT COUNT(*) FROM submit_token WHERE id = ?"), token).Scan(&there); err != nil || there == 0 {
		return err
	}
	now := time.Now().UTC().Format(time.DateTime)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO submission (id, project_id, submit_token_id, submitted_at) VALUES (?, 1, ?, ?)", []any{f.next, token, now}},
		{"INSERT INTO detection_result (id, project_id, submission_id) VALUES (?, 1, ?)", []any{f.next, f.next}},
		{"UPDATE submit_token SET last_submission_id = ? WHERE id = ?", []any{f.next, token}},
		{"DELETE FROM partial_submission WHERE submit_token_id = ?", []any{token}},
	} {
		if _, err := tx.ExecContext(ctx, f.db.sql(s.query), s.args...); err != nil {
			if strings.Contains(err.Error(), "1452") || strings.Contains(err.Error(), "23503") {
				return nil // the token went between our look and now
			}
			return fmt.Errorf("%s: %w", s.query, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	f.kept = append(f.kept, f.next)
	return nil
}

// open makes a new token, with a partial submission.
func (f *frontend) open(ctx context.Context) error {
	f.next++
	if _, err := f.db.ExecContext(ctx, f.db.sql("INSERT INTO submit_token (id, project_id, token, created_at) VALUES (?, 1, 't', ?)"), f.next, time.Now().UTC().Format(time.DateTime)); err != nil {
		return err
	}
	_, err := f.db.ExecContext(ctx, f.db.sql("INSERT INTO partial_submission (id, project_id, submit_token_id) VALUES (?, 1, ?)"), f.next, f.next)
	return err
}

func TestClean_DisturbsNoFrontend(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		size := loadSize(db, 600)
		w := random(rand.New(rand.NewPCG(7, 8)), size)
		w.fill(db, time.Now().UTC())
		f := &frontend{db: db, next: 10_000_000}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var cleaners, clients sync.WaitGroup
		for range 2 {
			cleaners.Go(func() {
				d := sqlcleaner.New(db.DB, db.dialect)
				for range 2 {
					_, err := d.Clean(ctx, cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 500}})
					assert.NoError(t, err)
				}
			})
		}
		clients.Go(func() {
			r := rand.New(rand.NewPCG(9, 10))
			for ctx.Err() == nil {
				time.Sleep(time.Millisecond) // the runs need the processor, too
				err := f.submit(context.WithoutCancel(ctx), 1+r.IntN(size))
				if !assert.NoError(t, err) {
					return
				}
				if !assert.NoError(t, f.open(context.WithoutCancel(ctx))) {
					return
				}
			}
		})
		cleaners.Wait()
		stop()
		clients.Wait()

		require.NotEmpty(t, f.kept)
		there := map[int64]bool{}
		for _, id := range db.ids("submission") {
			there[id] = true
		}
		for _, id := range f.kept {
			require.True(t, there[int64(id)], "submission %d was stored and is gone", id)
		}
		require.Zero(t, db.number("SELECT COUNT(*) FROM submission s LEFT JOIN submit_token t ON t.id = s.submit_token_id WHERE s.submit_token_id IS NOT NULL AND t.id IS NULL"), "orphans")
		require.EqualValues(t, len(f.kept), db.number("SELECT COUNT(*) FROM submission s JOIN detection_result r ON r.submission_id = s.id WHERE s.id > 10000000"))
		t.Logf("%d submissions meanwhile, the slowest took %v", len(f.kept), f.slowest)
		// Usually it is some hundred milliseconds, all of a frontend's statements
		// together; who waits for a lock of a whole run waits much longer.
		require.Less(t, f.slowest, 5*time.Second)
	})
}

// phpCleanup is one round of mosparo's own cleanup: by lists of ids, in one
// transaction, and without trying again.
func phpCleanup(ctx context.Context, db *database) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit
	rows, err := tx.QueryContext(ctx, db.sql(`SELECT s.id, s.submit_token_id FROM submission s JOIN submit_token t ON t.id = s.submit_token_id AND t.last_submission_id = s.id
		WHERE s.submitted_at < ? AND (SELECT COUNT(*) FROM submission k WHERE k.submit_token_id = t.id) = 1 LIMIT 200`), time.Now().UTC().Add(-14*day).Format(time.DateTime))
	if err != nil {
		return err
	}
	defer rows.Close()
	var subs, tokens []string
	for rows.Next() {
		var sub, token int
		if err := rows.Scan(&sub, &token); err != nil {
			return err
		}
		subs, tokens = append(subs, fmt.Sprint(sub)), append(tokens, fmt.Sprint(token))
	}
	if err := rows.Err(); err != nil || len(subs) == 0 {
		return err
	}
	s, k := "("+strings.Join(subs, ",")+")", "("+strings.Join(tokens, ",")+")"
	for _, q := range []string{
		"UPDATE submission SET submit_token_id = NULL WHERE id IN " + s,
		"DELETE FROM partial_submission WHERE submit_token_id IN " + k,
		"DELETE FROM submit_token WHERE id IN " + k,
		"DELETE FROM detection_result WHERE submission_id IN " + s,
		"DELETE FROM submission WHERE id IN " + s,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q[:30], err)
		}
	}
	return tx.Commit()
}

func TestClean_MeetsNoDeadlockBesidePHP(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		size := loadSize(db, 2000)
		w := &world{projects: []project{{1, "FOREVER"}}}
		for i := 1; i <= size; i++ {
			w.tokens = append(w.tokens, token{id: i, age: 20 * day, last: i})
			w.subs = append(w.subs, due(i, i)...)
			w.results = append(w.results, pair{i, i})
			w.partials = append(w.partials, pair{i, i})
		}
		w.fill(db, time.Now().UTC())
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				_, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{})
				assert.NoError(t, err)
			})
		}
		all.Go(func() {
			for t.Context().Err() == nil {
				if err := phpCleanup(t.Context(), db); !assert.NoError(t, err) {
					return
				}
				var left int
				if err := db.QueryRow("SELECT COUNT(*) FROM submit_token").Scan(&left); !assert.NoError(t, err) || left == 0 {
					return
				}
			}
		})
		all.Wait()
		for _, table := range []string{"submit_token", "submission", "partial_submission", "detection_result"} {
			require.Empty(t, db.ids(table), table)
		}
	})
}
