package sqlcleaner_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// scattered is a world in which age has nothing to do with ids: no two ids that
// go follow each other, there are gaps, and submissions have other ids than
// their tokens. Of every kind of row more go than a transaction takes, or a page
// has.
func scattered(n int) *world {
	r := rand.New(rand.NewPCG(21, 22))
	w := &world{policy: cleanup.Policy{}.WithDefaults(), projects: []project{{1, "FOREVER"}}}
	const highest = 1<<31 - 2 // the columns are INT
	id := func(i int) int { return highest - 10*n + 2*i }
	order := r.Perm(4 * n)
	for i := range n { // tokens with a submission, every second one due
		t, s := id(i), id(order[i])
		age := time.Hour
		if i%2 == 0 {
			age = 20 * day
		}
		w.tokens = append(w.tokens, token{id: t, age: age, last: s})
		w.subs = append(w.subs, submission{id: s, token: t, age: age, spam: 1, valid: -1})
		w.results = append(w.results, pair{id(order[i]), s})
		w.partials = append(w.partials, pair{id(order[n+i]), t})
	}
	for i := range n { // tokens without a submission
		w.tokens = append(w.tokens, token{id: id(n + i), age: time.Duration(i%2)*20*day + time.Minute})
	}
	for i := range n { // submissions without a token
		s := id(order[2*n+i])
		w.subs = append(w.subs, submission{id: s, age: time.Hour, spam: -1, valid: -1})
		w.results = append(w.results, pair{s, s})
	}
	for _, i := range r.Perm(n) {
		over := time.Duration(i%2)*2*time.Hour - time.Hour + time.Duration(i)*time.Millisecond
		w.delays, w.lockouts = append(w.delays, age{i + 1, over}), append(w.lockouts, age{i + 1, over})
	}
	return w
}

// beyond is a size of a scattered world of which more goes than any transaction takes, and
// whose tokens fill more than a page.
func beyond(d sqlcleaner.Dialect) int {
	if d == sqlcleaner.SQLite {
		return 5100
	}
	return 2600
}

func TestClean_DeletesAnyNumberOfIDsThatAreNotConsecutive(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := scattered(beyond(db.dialect))
		now := time.Now().UTC()
		w.fill(db, now)
		d := sqlcleaner.New(db.DB, db.dialect)
		before := w.left()

		would, err := d.DryRun(t.Context(), w.policy)
		require.NoError(t, err)
		report, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy})
		require.NoError(t, err)
		require.True(t, report.Finished)

		w.clean(now, db.dialect)
		w.holds(db)
		for table, n := range counts(before, w.left()) {
			require.Equal(t, n, report.Rows[table], table)
			require.Equal(t, n, would.Rows[table], "dry run: %s", table)
		}
	})
}

// Rings of tokens that name each other's submissions, in the long form as many as are
// looked at together.
func TestClean_FollowsReferencesUpToItsLimit(t *testing.T) {
	ring := 100
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		ring = 900
	}
	onEach(t, func(t *testing.T, db *database) {
		w := &world{projects: []project{{1, "FOREVER"}}}
		for i := range ring {
			w.tokens = append(w.tokens, token{id: 2*i + 1, age: 20 * day, last: 2*((i+7)%ring) + 1})
			w.subs = append(w.subs, due(2*i+1, 2*i+1)...)
		}
		w.fill(db, time.Now().UTC())
		report, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{Policy: w.policy})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.Empty(t, db.ids("submit_token"))
	})
}
