package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// demoTokens is how many submit tokens, each with a submission or two, the
// generated database has.
const demoTokens = 2000

// demonstrate makes a cluster of one node with generated data, in a scratch
// directory that goes with the program.
func demonstrate(ctx context.Context, s *envconfig.Settings, log *slog.Logger) (_ *node, err error) {
	n := &node{demo: true, mode: cleanup.Clean, settings: s, supported: true}
	defer func() {
		if err != nil {
			n.close(log)
		}
	}()
	dir, err := os.MkdirTemp("", "mosparo-demo-")
	if err != nil {
		return nil, err
	}
	n.onClose(func() error { return os.RemoveAll(dir) })
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(dir, "data.sqlite"))+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	n.onClose(db.Close)
	if err := schema.Create(ctx, db, sqlcleaner.SQLite); err != nil {
		return nil, err
	}
	if err := generate(ctx, db, time.Now().UTC()); err != nil {
		return nil, fmt.Errorf("demo data: %w", err)
	}
	adapter, err := fileadapter.New(filepath.Join(dir, "cache"), fileadapter.WithLogger(log))
	if err != nil {
		return nil, err
	}
	n.onClose(adapter.Close)
	pool := cache.NewPool(adapter, cache.WithLogger(log))
	// As if the last cleanup had been hours ago.
	if err := cleanup.NextCleanup.Set(ctx, pool, time.Now().Add(-time.Minute), 0); err != nil {
		return nil, err
	}
	locker := lock.New(memorylocker.New(), lock.WithLogger(log))
	n.onClose(locker.Close)
	p := policy(s)
	n.db = sqlcleaner.New(db, sqlcleaner.SQLite, p)
	n.scheduler = cleanup.New(pool, locker, n.db, n.db, p, n.mode, cleanup.WithLogger(log), cleanup.WithCheck(n.db.Check))
	log.Info("demonstration: a cluster of one node with generated data", slog.String("directory", dir))
	return n, nil
}

// generate fills the tables with a month of submissions.
func generate(ctx context.Context, db *sql.DB, now time.Time) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	exec := func(query string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, query, args...)
		}
	}
	stamp := func(age time.Duration) string { return now.Add(-age).Format(time.DateTime) }
	exec("INSERT INTO project VALUES (1, '0b0e7ab6-2b1c-4c1e-9a44-0123456789ab', 'Demo', '14D')")
	submission := 0
	for token := 1; token <= demoTokens; token++ {
		age := time.Duration(rand.Int64N(int64(30 * 24 * time.Hour)))
		exec("INSERT INTO submit_token VALUES (?, 1, ?, ?, NULL)", token, fmt.Sprintf("demo-%d", token), stamp(age))
		for range 1 + rand.IntN(2) {
			submission++
			spam := rand.IntN(3) == 0
			var valid any
			if !spam && rand.IntN(2) == 0 {
				valid = true
			}
			exec("INSERT INTO submission VALUES (?, 1, ?, ?, ?, ?)", submission, token, stamp(age), spam, valid)
			if spam {
				exec("INSERT INTO detection_result VALUES (NULL, 1, ?)", submission)
			}
		}
		exec("UPDATE submit_token SET last_submission_id = ? WHERE id = ?", submission, token)
	}
	for day := range 30 {
		exec("INSERT INTO day_statistic VALUES (NULL, 1, ?)", now.AddDate(0, 0, -day).Format(time.DateOnly))
		exec("INSERT INTO delay VALUES (NULL, 1, ?)", stamp(time.Duration(day-15)*time.Hour))
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}
