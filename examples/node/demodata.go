package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
)

// How many submit tokens, each with one or two submissions, the generated database has, and
// how many are added after each cleanup.
const (
	demoTokens = 2000
	demoAdded  = 100
)

// demoInterval is the time from one cleanup of a demonstration to the next. A cluster
// cleans every few hours.
const demoInterval = time.Minute

// cleanAgainSoon returns an observer that brings the next cleanup forward, and adds
// submissions for it, after each. It takes the place of the metrics' observer, which it
// calls.
func (n *node) cleanAgainSoon(db *sql.DB, log *slog.Logger) func(context.Context, cleanup.Event) {
	count := metrics.Cleanup(n.metrics)
	return func(ctx context.Context, e cleanup.Event) {
		count(ctx, e)
		if e.Result != cleanup.ResultCompleted {
			return
		}
		err := inTx(ctx, db, func(tx *sql.Tx) error { return addSubmissions(ctx, tx, demoAdded, time.Now().UTC()) })
		if err == nil {
			err = cleanup.NextCleanup.Set(ctx, n.Pool, time.Now().Add(demoInterval), 0)
		}
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "the next cleanup of the demonstration is hours away", slog.Any("error", err))
		}
	}
}

// generate fills the tables with a month of submissions.
func generate(ctx context.Context, db *sql.DB, now time.Time) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO project (id, uuid, name, statistic_storage_limit) VALUES (1, '0b0e7ab6-2b1c-4c1e-9a44-0123456789ab', 'Demo', '14D')")
		for day := 0; day < 30 && err == nil; day++ {
			_, err = tx.ExecContext(ctx, "INSERT INTO day_statistic (project_id, date) VALUES (1, ?)", now.AddDate(0, 0, -day).Format(time.DateOnly))
			if err == nil {
				_, err = tx.ExecContext(ctx, "INSERT INTO delay (valid_until) VALUES (?)", now.Add(time.Duration(15-day)*time.Hour).Format(time.DateTime))
			}
		}
		if err != nil {
			return err
		}
		return addSubmissions(ctx, tx, demoTokens, now)
	})
}

// addSubmissions adds submit tokens with submissions of the last 30 days.
func addSubmissions(ctx context.Context, tx *sql.Tx, tokens int, now time.Time) error {
	var token, submission int
	err := tx.QueryRowContext(ctx, "SELECT (SELECT COALESCE(MAX(id), 0) FROM submit_token), (SELECT COALESCE(MAX(id), 0) FROM submission)").Scan(&token, &submission)
	before := token
	var ofTokens, ofSubmissions, ofResults [][]any
	for range tokens {
		token++
		at := now.Add(-rand.N(30 * 24 * time.Hour)).Format(time.DateTime)
		ofTokens = append(ofTokens, []any{token, fmt.Sprintf("demo-%d", token), at})
		for range 1 + rand.IntN(2) {
			submission++
			spam := rand.IntN(3) == 0
			var valid any
			if !spam && rand.IntN(2) == 0 {
				valid = true
			}
			ofSubmissions = append(ofSubmissions, []any{submission, token, at, spam, valid})
			if spam {
				ofResults = append(ofResults, []any{submission})
			}
		}
	}
	// One statement for each table: thousands of them would take seconds.
	exec := func(query string, arg any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, query, arg)
		}
	}
	insert := func(into string, rows [][]any) {
		if len(rows) == 0 {
			return // json_each makes a row of null
		}
		text, marshalErr := json.Marshal(rows)
		if err == nil {
			err = marshalErr
		}
		exec("INSERT INTO "+into+" FROM json_each(?)", string(text))
	}
	insert("submit_token (id, project_id, token, created_at) SELECT value->>0, 1, value->>1, value->>2", ofTokens)
	insert("submission (id, project_id, submit_token_id, submitted_at, spam, valid) SELECT value->>0, 1, value->>1, value->>2, value->>3, value->>4", ofSubmissions)
	insert("detection_result (project_id, submission_id) SELECT 1, value->>0", ofResults)
	exec("UPDATE submit_token SET last_submission_id = (SELECT MAX(id) FROM submission WHERE submit_token_id = submit_token.id) WHERE id > ?", before)
	return err
}

func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}
