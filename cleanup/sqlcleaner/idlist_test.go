package sqlcleaner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// MariaDB makes a join with a temporary table of a list of 1,000 ids or more, and
// then chooses itself which rows it reads, and so locks.
func TestIDIn_IsNoJoinForMariaDB(t *testing.T) {
	db := create(t, sqlcleaner.MySQL)
	if db.number("SELECT VERSION() NOT LIKE '%MariaDB%'") == 1 {
		t.Skip("skipped: this is MySQL")
	}
	w := &world{projects: []project{{1, "FOREVER"}}, tokens: []token{{id: 1}, {id: 2}, {id: 3}}}
	w.fill(db, time.Now().UTC())
	for _, n := range []int{999, 1000, 1500, 2000, 6000} {
		var ids []int64
		for id := range int64(n) {
			ids = append(ids, 2*id)
		}
		require.Equal(t, 1, readsOf(db, db.dialect.Keys("id", ids)), "%d ids", n)
		list := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ","), "[]")
		require.Equal(t, n >= 1000, readsOf(db, "id IN ("+list+")") > 1, "one list of %d ids", n)
	}
}

// readsOf returns how many tables MariaDB reads to select tokens.
func readsOf(db *database, where string) (n int) {
	db.t.Helper()
	rows, err := db.Query("EXPLAIN SELECT id FROM submit_token WHERE " + where + " FOR UPDATE")
	require.NoError(db.t, err)
	defer rows.Close()
	for rows.Next() {
		n++
	}
	require.NoError(db.t, rows.Err())
	return n
}

// Old servers take statements of 1 MiB. A run needs much less, also for ids that
// are as long as they may be.
func TestClean_SendsShortStatements(t *testing.T) {
	s := servers.MariaDB(t, "--max-allowed-packet=65536")
	db := open(t, "mysql", s.DSN())
	defer db.Close()
	seed(db)
	w := scattered(beyond(db.dialect))
	now := time.Now().UTC()
	w.fill(db, now)
	d := sqlcleaner.New(db.DB, db.dialect)
	_, err := d.DryRun(t.Context(), w.policy)
	require.NoError(t, err)
	report, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy})
	require.NoError(t, err)
	require.True(t, report.Finished)
	w.clean(now, db.dialect)
	w.holds(db)
}
