package sqlcleaner_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// visitors is a process that submits forms as a PHP node does, one request after
// the other, until its standard input ends. It then writes its requests.
type visitors struct {
	db   *database
	next int64
	all  []request
}

// request is one of them, in microseconds.
type request struct{ Began, Took int64 }

func (o order) visit() error {
	db, err := sql.Open(o.Driver, o.DSN)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	v := &visitors{db: &database{DB: db, dialect: o.Dialect}, next: o.Visitors}
	if err := db.Ping(); err != nil {
		return err
	}
	for {
		select {
		case <-stop:
			return json.NewEncoder(os.Stdout).Encode(v.all)
		default:
		}
		if err := v.submit(context.Background()); err != nil {
			return err
		}
	}
}

// submit is a visitor who opens a form, fills it in and submits it, and the site
// that verifies it: three requests, each with one transaction after its reads.
func (v *visitors) submit(ctx context.Context) error {
	v.next++
	id, now := v.next, time.Now().UTC().Format(time.DateTime)
	for _, statements := range [][]string{
		{
			"INSERT INTO submit_token (id, project_id, token, created_at, page_title, page_url) VALUES (?1, 1, 'token-?1', '?2', 'A page', 'https://www.example.com/contact')",
		},
		{
			"INSERT INTO submission (id, project_id, submit_token_id, submitted_at, spam, data) VALUES (?1, 1, ?1, '?2', FALSE, '{}')",
			"INSERT INTO detection_result (id, project_id, submission_id) VALUES (?1, 1, ?1)",
			"UPDATE submit_token SET last_submission_id = ?1, checked_at = '?2' WHERE id = ?1",
		},
		{
			"UPDATE submission SET valid = TRUE, verified_at = '?2' WHERE id = ?1",
			"UPDATE submit_token SET verified_at = '?2' WHERE id = ?1",
		},
	} {
		began := time.Now()
		if err := v.answer(ctx, statements, strings.NewReplacer("?1", fmt.Sprint(id), "?2", now)); err != nil {
			return err
		}
		v.all = append(v.all, request{began.UnixMicro(), time.Since(began).Microseconds()})
	}
	return nil
}

func (v *visitors) answer(ctx context.Context, statements []string, r *strings.Replacer) error {
	var n int
	if err := v.db.QueryRowContext(ctx, r.Replace("SELECT COUNT(*) FROM submit_token WHERE id = ?1")).Scan(&n); err != nil {
		return err
	}
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, r.Replace(s)); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return tx.Commit()
}

// visit starts processes of visitors; the returned function stops them and
// returns their requests.
func visit(b *testing.B, db *database, processes int) (stop func() []request) {
	b.Helper()
	var ends []func() []request
	for n := range processes {
		spec, err := json.Marshal(order{Driver: db.driver, DSN: asPHP(db), Dialect: db.dialect, Visitors: int64(n+1) * 100_000_000})
		require.NoError(b, err)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SQLCLEANER_CHILD="+string(spec))
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		require.NoError(b, err)
		var out strings.Builder
		cmd.Stdout = &out
		require.NoError(b, cmd.Start())
		b.Cleanup(func() { _ = cmd.Process.Kill() })
		ends = append(ends, func() (all []request) {
			require.NoError(b, in.Close())
			require.NoError(b, cmd.Wait(), out.String())
			require.NoError(b, json.Unmarshal([]byte(out.String()), &all), out.String())
			return all
		})
	}
	return func() (all []request) {
		for _, end := range ends {
			all = append(all, end()...)
		}
		return all
	}
}

// asPHP is the address for a client with PHP's settings: PDO waits up to a minute
// for SQLite's locks, and mosparo sets nothing.
func asPHP(db *database) string {
	if db.dialect == sqlcleaner.SQLite {
		return strings.Split(db.dsn, "?")[0] + "?_pragma=busy_timeout(60000)"
	}
	return db.dsn
}

// window is a time in which the frontends are measured.
type window struct{ from, to time.Time }

// during returns how many requests a second there were within the windows, and how
// long the slowest hundredth of them took at least.
func during(all []request, windows ...window) (rate float64, p99 time.Duration) {
	var took []int64
	var seconds float64
	for _, w := range windows {
		seconds += w.to.Sub(w.from).Seconds()
		for _, r := range all {
			if r.Began >= w.from.UnixMicro() && r.Began+r.Took <= w.to.UnixMicro() {
				took = append(took, r.Took)
			}
		}
	}
	if len(took) == 0 {
		return 0, 0
	}
	slices.Sort(took)
	return float64(len(took)) / seconds, time.Duration(took[len(took)*99/100]) * time.Microsecond
}

// BenchmarkFrontends measures a run from the side of two frontends that write all
// the time: their rate beside it, and without it before and after; the wait of the
// slowest hundredth of their requests; and the time of the run beside them and
// alone. Age has nothing to do with ids. It prints the medians of five runs, of
// one with -short; -benchtime 1x is enough.
func BenchmarkFrontends(b *testing.B) {
	n, runs, around := 100_000, 5, 3*time.Second
	if testing.Short() {
		n, runs, around = 10_000, 1, time.Second
	}
	for _, dialect := range []sqlcleaner.Dialect{sqlcleaner.SQLite, sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		b.Run(fmt.Sprintf("%s/%d", dialect, n), func(b *testing.B) {
			var rates, waits, waitsWithout, times, quiets []float64
			for range b.N * runs {
				alone, _ := besideVisitors(b, dialect, n, 0, 0)
				took, f := besideVisitors(b, dialect, n, 2, around)
				b.Logf("alone %v; beside them %v; rate %.0f/s instead of %.0f/s, p99 %v instead of %v", alone, took, f.rate, f.rateWithout, f.p99, f.p99Without)
				rates = append(rates, f.rate/f.rateWithout)
				waits, waitsWithout = append(waits, f.p99.Seconds()), append(waitsWithout, f.p99Without.Seconds())
				times, quiets = append(times, took.Seconds()/alone.Seconds()), append(quiets, alone.Seconds())
			}
			b.ReportMetric(100*median(rates), "%rate")
			b.ReportMetric(1000*median(waits), "ms-p99")
			b.ReportMetric(1000*median(waitsWithout), "ms-p99-without")
			b.ReportMetric(median(quiets), "s/run-alone")
			b.ReportMetric(median(times), "x-time-beside")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// frontends are what visitors met beside a run, and without it.
type frontends struct {
	rate, rateWithout float64
	p99, p99Without   time.Duration
}

// besideVisitors measures a run beside processes of visitors, who are there for
// some time before and after it as well.
func besideVisitors(b *testing.B, dialect sqlcleaner.Dialect, n, processes int, around time.Duration) (took time.Duration, f frontends) {
	db := createAsMosparo(b, dialect)
	defer db.Close()
	stocked(db, apart(n))
	db.analyze("submit_token", "submission", "detection_result", "partial_submission")
	stop := visit(b, db, processes)
	if processes > 0 {
		time.Sleep(time.Second) // they connect
	}
	before := window{from: time.Now()}
	time.Sleep(around)
	before.to = time.Now()
	report, err := sqlcleaner.New(db.DB, dialect).Clean(b.Context(), cleanup.Job{})
	beside := window{before.to, time.Now()}
	time.Sleep(around)
	after := window{beside.to, time.Now()}
	all := stop()
	require.NoError(b, err)
	require.True(b, report.Finished)
	require.GreaterOrEqual(b, report.DeletedSubmissions, n*70/100)
	f.rate, f.p99 = during(all, beside)
	f.rateWithout, f.p99Without = during(all, before, after)
	return beside.to.Sub(beside.from), f
}
