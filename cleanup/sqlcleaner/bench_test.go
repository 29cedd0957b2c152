package sqlcleaner_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

var (
	million = flag.Bool("million", false, "benchmark a million submissions as well")
	mosparo = flag.String("mosparo", "", "compare with mosparo's own cleanup: the directory that .ci/mosparo makes")
)

// BenchmarkClean compares a run with the floor of each database: the same rows,
// deleted in one transaction by ids that are known before. Of n submissions 74 %
// are due; each has a token and a detection result, half a partial submission.
// They lie in the order of their age, or age has nothing to do with ids. With
// -mosparo it compares with mosparo's own cleanup as well, on real PHP.
//
// It prints the medians of three interleaved runs, of one with -short: the times
// of all; their ratios; and the ratios of the processor time of clients and
// servers, until these have nothing more to do. -benchtime 1x is enough.
func BenchmarkClean(b *testing.B) {
	sizes, runs := []int{10_000}, 1
	if !testing.Short() {
		sizes, runs = append(sizes, 100_000), 3
	}
	if *million {
		sizes = append(sizes, 1_000_000)
	}
	var layouts []layout
	for _, n := range sizes {
		layouts = append(layouts, together(n), apart(n))
	}
	for _, dialect := range []sqlcleaner.Dialect{sqlcleaner.SQLite, sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		for _, l := range layouts {
			b.Run(fmt.Sprintf("%s/%d/%s", dialect, l.n, l.name), func(b *testing.B) {
				all := ways(b, dialect)
				costs := map[string][]cost{}
				for range b.N * runs {
					for _, w := range all {
						c := costOf(b, dialect, l, w.do)
						b.Logf("%s %.2f s, %.2f s of processors", w.name, c.took.Seconds(), c.used.Seconds())
						costs[w.name] = append(costs[w.name], c)
					}
				}
				b.ReportMetric(0, "ns/op")
				for _, w := range all {
					b.ReportMetric(medianOf(costs[w.name], func(i int, c cost) float64 { return c.took.Seconds() }), "s/"+w.name)
					if w.name == "clean" {
						continue
					}
					b.ReportMetric(medianOf(costs["clean"], func(i int, c cost) float64 { return float64(c.took) / float64(costs[w.name][i].took) }), "clean/"+w.name)
					b.ReportMetric(medianOf(costs["clean"], func(i int, c cost) float64 { return float64(c.used) / float64(costs[w.name][i].used) }), "clean/"+w.name+"-cpu")
				}
			})
		}
	}
}

// way is one of several ways to clean a database.
type way struct {
	name string
	do   func(b *testing.B, db *database)
}

func ways(b *testing.B, dialect sqlcleaner.Dialect) []way {
	all := []way{
		{"clean", func(b *testing.B, db *database) {
			report, err := sqlcleaner.New(db.DB, dialect).Clean(b.Context(), cleanup.Job{})
			require.NoError(b, err)
			require.True(b, report.Finished)
		}},
		{"floor", floor},
	}
	if *mosparo != "" {
		all = append(all, mosparoCleanup(b, dialect))
	}
	return all
}

// cost is what a way has cost.
type cost struct{ took, used time.Duration }

func medianOf(all []cost, of func(i int, c cost) float64) float64 {
	var values []float64
	for i, c := range all {
		values = append(values, of(i, c))
	}
	return median(values)
}

// layout is how a database is filled.
type layout struct {
	n    int
	name string
	step int                       // from one id to the next
	age  func(i int) time.Duration // of the row with this number, from 1 on
}

// Of both layouts 37 rows of 50 are due.
const (
	dueOf    = 37
	dueOfAll = 50
)

// together is a layout in which rows lie in the order of their age, the oldest
// first.
func together(n int) layout {
	return layout{n, "together", 1, func(i int) time.Duration {
		return ageOf(i <= n*dueOf/dueOfAll, 1-float64(i)/float64(n))
	}}
}

// apart is a layout in which age has nothing to do with ids, of which no two
// follow each other, as on Galera.
func apart(n int) layout {
	return layout{n, "apart", 2, func(i int) time.Duration {
		return ageOf((i%dueOfAll*23+i/dueOfAll*31)%dueOfAll < dueOf, float64(hash(i)[0])/256)
	}}
}

// ageOf is the age of a row that is due or not, the higher the part of 1 the older.
func ageOf(isDue bool, part float64) time.Duration {
	if isDue {
		return 15*day + time.Duration(part*float64(10*day))
	}
	return time.Hour + time.Duration(part*float64(20*time.Hour))
}

// hash stands for something random about a row, its token for one.
func hash(i int) [sha256.Size]byte { return sha256.Sum256(fmt.Append(nil, i)) }

// costOf fills a database and measures do on it.
func costOf(b *testing.B, dialect sqlcleaner.Dialect, l layout, do func(b *testing.B, db *database)) (c cost) {
	db := createAsMosparo(b, dialect)
	defer db.Close()
	stocked(db, l)
	// What the floor deletes.
	db.exec("CREATE TABLE due_token (id INT NOT NULL PRIMARY KEY)")
	db.exec("CREATE TABLE due_submission (id INT NOT NULL PRIMARY KEY)")
	old := time.Now().UTC().Add(-day).Format(time.DateTime)
	db.exec("INSERT INTO due_token SELECT id FROM submit_token WHERE created_at < ?", old)
	db.exec("INSERT INTO due_submission SELECT id FROM submission WHERE submitted_at < ?", old)
	db.analyze("submit_token", "submission", "detection_result", "partial_submission", "due_token", "due_submission")
	settle()
	began, before := time.Now(), processorTime()
	do(b, db)
	c.took = time.Since(began)
	settle()
	c.used = processorTime() - before
	require.EqualValues(b, l.n-l.n*dueOf/dueOfAll, db.number("SELECT COUNT(*) FROM submission"))
	require.EqualValues(b, l.n-l.n*dueOf/dueOfAll, db.number("SELECT COUNT(*) FROM submit_token"))
	return c
}

// createAsMosparo is create, with the settings of a database that mosparo made: SQLite has
// no write-ahead log and waits for the disk. The servers of the tests do not wait for it.
func createAsMosparo(b *testing.B, dialect sqlcleaner.Dialect) *database {
	db := create(b, dialect)
	if dialect == sqlcleaner.SQLite {
		require.NoError(b, db.Close())
		db.dsn = "file:" + filepath.Join(b.TempDir(), "data.sqlite") + "?_pragma=busy_timeout(60000)&_txlock=immediate"
		db.DB = open(b, db.driver, db.dsn).DB
		seed(db)
	}
	return db
}

// settle waits until the servers have had nothing to do for a second, as MariaDB has while
// it purges what was deleted: for 20 s at most.
func settle() {
	before, quiet := processorTime(), 0
	for end := time.Now().Add(20 * time.Second); quiet < 4 && time.Now().Before(end); {
		time.Sleep(250 * time.Millisecond)
		now := processorTime()
		if quiet++; now-before > 10*time.Millisecond {
			quiet = 0
		}
		before = now
	}
}

// stocked fills a database with tokens that have one submission each.
func stocked(db *database, l layout) {
	now := time.Now().UTC()
	db.exec("INSERT INTO project (id, hosts) VALUES (1, 'a:0:{}')") // no hosts, as mosparo stores them
	ids := span(1, l.n)
	for i := range ids {
		ids[i] *= l.step
	}
	at := func(id int) string { return now.Add(-l.age(id / l.step)).Format(time.DateTime) }
	insert(db, "submit_token (id, project_id, token, created_at, page_title, page_url)", ids, func(id int) string {
		return fmt.Sprintf("%d, 1, '%x', '%s', 'A page of some site', 'https://www.example.com/contact'", id, hash(id), at(id))
	})
	insert(db, "submission (id, project_id, submit_token_id, submitted_at, spam, valid, data)", ids, func(id int) string {
		return fmt.Sprintf("%d, 1, %d, '%s', TRUE, NULL, '%0400d'", id, id, at(id), id)
	})
	db.exec("UPDATE submit_token SET last_submission_id = id")
	insert(db, "detection_result (id, project_id, submission_id)", ids, func(id int) string { return fmt.Sprintf("%d, 1, %d", id, id) })
	insert(db, "partial_submission (id, project_id, submit_token_id)", ids[:l.n/2], func(id int) string { return fmt.Sprintf("%d, 1, %d", id, id) })
}

// analyze lets the database know what it holds, as it does after a while.
func (d *database) analyze(tables ...string) {
	for _, table := range tables {
		d.exec(map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "ANALYZE TABLE ", sqlcleaner.PostgreSQL: "VACUUM ANALYZE ", sqlcleaner.SQLite: "ANALYZE "}[d.dialect] + table)
	}
}

// floor deletes what is due with the fewest statements that its foreign keys
// allow, in one transaction: PostgreSQL takes one for all; SQLite's are not
// enforced; elsewhere the tokens forget their last submissions first.
func floor(b *testing.B, db *database) {
	tx, err := db.Begin()
	require.NoError(b, err)
	defer tx.Rollback() //nolint:errcheck // after Commit
	by := func(table, column, list string) string {
		if db.dialect == sqlcleaner.MySQL {
			return "DELETE r FROM " + table + " r JOIN " + list + " d ON d.id = r." + column
		}
		return "DELETE FROM " + table + " WHERE " + column + " IN (SELECT id FROM " + list + ")"
	}
	all := []string{
		by("partial_submission", "submit_token_id", "due_token"), by("detection_result", "submission_id", "due_submission"),
		by("submission", "id", "due_submission"), by("submit_token", "id", "due_token"),
	}
	switch db.dialect {
	case sqlcleaner.MySQL:
		all = append([]string{"UPDATE submit_token t JOIN due_token d ON d.id = t.id SET t.last_submission_id = NULL"}, all...)
	case sqlcleaner.PostgreSQL:
		all = []string{"WITH p AS (" + all[0] + "), r AS (" + all[1] + "), s AS (" + all[2] + ") " + all[3]}
	}
	for _, s := range all {
		_, err := tx.Exec(s)
		require.NoError(b, err, s)
	}
	require.NoError(b, tx.Commit())
}
