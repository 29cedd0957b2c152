package sqlcleaner_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

const day = 24 * time.Hour

// world is what a mosparo database holds, and a straightforward model of what
// a cleanup leaves of it. Ids of 0 are NULL.
type world struct {
	policy   cleanup.Policy
	projects []project
	tokens   []token
	subs     []submission
	partials []pair
	results  []pair
	delays   []age
	lockouts []age
	days     []dayStatistic
}

type (
	project struct {
		id    int
		limit string
	}
	token struct {
		id, last int
		age      time.Duration
	}
	submission struct {
		id, token   int
		age         time.Duration
		spam, valid int // -1 is NULL
	}
	pair struct{ id, of int }
	age  struct {
		id  int
		age time.Duration
	}
	dayStatistic struct{ id, project, age int }
)

// mostOfToken is how many submissions no token of a random world has.
const mostOfToken = 30

// random makes a world in which the odd things happen more often than in life:
// tokens that name the submissions of others, rings of them, tokens with many
// submissions and with none, submissions without a token.
func random(r *rand.Rand, size int) *world {
	awayFromMidnight()
	w := &world{policy: cleanup.Policy{SubmitTokenRetention: time.Duration(r.IntN(25)) * time.Hour, SubmissionRetention: time.Duration(r.IntN(15)) * day}.WithDefaults()}
	for i, limit := range []string{"14D", "1M", "2M", "3M", "6M", "1Y", "2Y", "FOREVER", "?"} {
		w.projects = append(w.projects, project{i + 1, limit})
	}
	// Whole hours and half of one, so that no age is near a limit.
	hours := func(n int) time.Duration { return time.Duration(r.IntN(n))*time.Hour + 30*time.Minute }
	id := 0
	for t := 1; t <= size; t++ {
		if r.IntN(10) == 0 {
			continue // a gap in the ids
		}
		tok := token{id: t, age: hours(20 * 24)}
		n := []int{0, 1, 1, 1, 1, 2, 3, r.IntN(mostOfToken)}[r.IntN(8)]
		old := r.IntN(3) > 0
		for range n {
			id += 1 + r.IntN(2)
			s := submission{id: id, token: t, age: hours(20 * 24), spam: r.IntN(3) - 1, valid: r.IntN(3) - 1}
			if old {
				s.age += 15 * day
			}
			if r.IntN(15) == 0 {
				s.token = 0
			}
			w.subs = append(w.subs, s)
			tok.last = s.id
			if r.IntN(2) == 0 {
				w.results = append(w.results, pair{id, s.id})
			}
		}
		if r.IntN(12) == 0 {
			tok.last = 0
		}
		if r.IntN(3) == 0 {
			w.partials = append(w.partials, pair{t, t})
		}
		w.tokens = append(w.tokens, tok)
	}
	// Last submissions go from hand to hand.
	for range size / 8 {
		a, b := &w.tokens[r.IntN(len(w.tokens))], &w.tokens[r.IntN(len(w.tokens))]
		a.last, b.last = b.last, a.last
	}
	for i := 1; i <= size; i++ {
		w.delays = append(w.delays, age{i, time.Duration(r.IntN(200)-100)*time.Hour + 30*time.Minute})
		w.lockouts = append(w.lockouts, age{i, time.Duration(r.IntN(200)-100)*time.Hour + 30*time.Minute})
		w.days = append(w.days, dayStatistic{id: i, project: i%len(w.projects) + 1, age: i})
	}
	return w
}

// awayFromMidnight waits for the next day when it is near, lest the days that a
// test has counted are others by the time of the run.
func awayFromMidnight() {
	now := time.Now().UTC()
	if left := now.Truncate(day).Add(day).Sub(now); left < 2*time.Minute {
		time.Sleep(left)
	}
}

// fill writes the world into an empty database, as it is at a time.
func (w *world) fill(d *database, now time.Time) {
	at := func(age time.Duration) string { return "'" + now.Add(-age).Format(time.DateTime) + "'" }
	num := func(n int) string {
		if n == 0 {
			return "NULL"
		}
		return fmt.Sprint(n)
	}
	flag := func(n int) string { return []string{"NULL", "FALSE", "TRUE"}[n+1] }
	insert(d, "project (id, statistic_storage_limit)", w.projects, func(p project) string { return fmt.Sprintf("%d, '%s'", p.id, p.limit) })
	insert(d, "submit_token (id, project_id, token, created_at)", w.tokens, func(t token) string { return fmt.Sprintf("%d, 1, 't', %s", t.id, at(t.age)) })
	insert(d, "submission (id, project_id, submit_token_id, submitted_at, spam, valid)", w.subs, func(s submission) string {
		return fmt.Sprintf("%d, 1, %s, %s, %s, %s", s.id, num(s.token), at(s.age), flag(s.spam), flag(s.valid))
	})
	for part := range slices.Chunk(slices.DeleteFunc(slices.Clone(w.tokens), func(t token) bool { return t.last == 0 }), 500) {
		var names, ids []string
		for _, t := range part {
			names, ids = append(names, fmt.Sprintf("WHEN %d THEN %d", t.id, t.last)), append(ids, fmt.Sprint(t.id))
		}
		d.exec("UPDATE submit_token SET last_submission_id = CASE id " + strings.Join(names, " ") + " END WHERE id IN (" + strings.Join(ids, ", ") + ")")
	}
	insert(d, "partial_submission (id, project_id, submit_token_id)", w.partials, func(p pair) string { return fmt.Sprintf("%d, 1, %s", p.id, num(p.of)) })
	insert(d, "detection_result (id, project_id, submission_id)", w.results, func(p pair) string { return fmt.Sprintf("%d, 1, %s", p.id, num(p.of)) })
	insert(d, `"delay" (id, valid_until)`, w.delays, func(a age) string { return fmt.Sprintf("%d, %s", a.id, at(a.age)) })
	insert(d, "lockout (id, valid_until)", w.lockouts, func(a age) string { return fmt.Sprintf("%d, %s", a.id, at(a.age)) })
	insert(d, "day_statistic (id, project_id, date)", w.days, func(s dayStatistic) string {
		return fmt.Sprintf("%d, %d, '%s'", s.id, s.project, now.AddDate(0, 0, -s.age).Format(time.DateOnly))
	})
}

func insert[T any](d *database, into string, rows []T, values func(T) string) {
	tx, err := d.Begin()
	require.NoError(d.t, err)
	defer func() { require.NoError(d.t, tx.Commit()) }()
	for part := range slices.Chunk(rows, 500) {
		var all []string
		for _, row := range part {
			all = append(all, "("+values(row)+")")
		}
		_, err := tx.Exec(d.sql("INSERT INTO " + into + " VALUES " + strings.Join(all, ", ")))
		require.NoError(d.t, err, into)
	}
}

// clean removes what a cleanup removes, in mosparo's order.
func (w *world) clean(now time.Time, dialect sqlcleaner.Dialect) {
	w.delays = slices.DeleteFunc(w.delays, func(a age) bool { return a.age > 0 })
	w.lockouts = slices.DeleteFunc(w.lockouts, func(a age) bool { return a.age > 0 })
	w.drop(w.free())
	named := map[int]bool{}
	for _, t := range w.tokens {
		named[t.last] = true
	}
	w.subs = slices.DeleteFunc(w.subs, func(s submission) bool { return s.token == 0 && !named[s.id] })
	has := map[int]bool{}
	for _, s := range w.subs {
		has[s.token] = true
	}
	w.tokens = slices.DeleteFunc(w.tokens, func(t token) bool { return !has[t.id] && t.age > w.policy.SubmitTokenRetention })
	w.tidy()
	w.days = slices.DeleteFunc(w.days, func(s dayStatistic) bool { return w.pastStorage(s, now, dialect) })
}

// exhaust cleans until nothing goes any more: each run may set free what one of
// its steps has passed already.
func (w *world) exhaust(now time.Time, dialect sqlcleaner.Dialect) {
	for n := -1; n != len(w.subs)+len(w.tokens); {
		n = len(w.subs) + len(w.tokens)
		w.clean(now, dialect)
	}
}

// exhaust is the same on a database.
func exhaust(t *testing.T, d *sqlcleaner.DB, j cleanup.Job) (last cleanup.Report, rows map[string]int) {
	t.Helper()
	rows = map[string]int{}
	for again := true; again; {
		var err error
		last, err = d.Clean(t.Context(), j)
		require.NoError(t, err)
		for table, n := range last.Rows {
			rows[table] += n
		}
		again = !last.Finished || last.DeletedSubmissions+last.DeletedTokens > 0
	}
	return last, rows
}

// free are the tokens whose submissions are all due, and are named by no token
// that stays.
func (w *world) free() map[int]bool {
	due := func(s submission) bool {
		return s.age > w.policy.SubmissionRetention || s.age > w.policy.SubmitTokenRetention && s.spam == 0 && s.valid == -1
	}
	free, owner := map[int]bool{}, map[int]int{}
	for _, s := range w.subs {
		owner[s.id] = s.token
		free[s.token] = s.token != 0
	}
	for _, s := range w.subs {
		if !due(s) {
			delete(free, s.token)
		}
	}
	for again := true; again; {
		again = false
		for _, t := range w.tokens {
			if !free[t.id] && free[owner[t.last]] {
				delete(free, owner[t.last])
				again = true
			}
		}
	}
	return free
}

// drop removes tokens with their submissions.
func (w *world) drop(tokens map[int]bool) {
	w.tokens = slices.DeleteFunc(w.tokens, func(t token) bool { return tokens[t.id] })
	w.subs = slices.DeleteFunc(w.subs, func(s submission) bool { return tokens[s.token] })
}

// tidy removes what belonged to rows that are gone.
func (w *world) tidy() {
	tokens, subs := map[int]bool{}, map[int]bool{}
	for _, t := range w.tokens {
		tokens[t.id] = true
	}
	for _, s := range w.subs {
		subs[s.id] = true
	}
	w.partials = slices.DeleteFunc(w.partials, func(p pair) bool { return p.of != 0 && !tokens[p.of] })
	w.results = slices.DeleteFunc(w.results, func(p pair) bool { return p.of != 0 && !subs[p.of] })
}

func (w *world) pastStorage(s dayStatistic, now time.Time, dialect sqlcleaner.Dialect) bool {
	var first time.Time
	switch w.projects[s.project-1].limit {
	case "FOREVER":
		return false
	case "1M":
		first = now.AddDate(0, -1, 0)
	case "2M":
		first = now.AddDate(0, -2, 0)
	case "3M":
		first = now.AddDate(0, -3, 0)
	case "6M":
		first = now.AddDate(0, -6, 0)
	case "1Y":
		first = now.AddDate(-1, 0, 0)
	case "2Y":
		first = now.AddDate(-2, 0, 0)
	default:
		first = now.AddDate(0, 0, -14)
	}
	is, limit := now.AddDate(0, 0, -s.age).Format(time.DateOnly), first.Format(time.DateOnly)
	return is < limit || is == limit && dialect == sqlcleaner.SQLite
}

// left are the ids of all tables.
func (w *world) left() map[string][]int64 {
	return map[string][]int64{
		"submit_token":       idsOf(w.tokens, func(t token) int { return t.id }),
		"submission":         idsOf(w.subs, func(s submission) int { return s.id }),
		"partial_submission": idsOf(w.partials, func(p pair) int { return p.id }),
		"detection_result":   idsOf(w.results, func(p pair) int { return p.id }),
		"delay":              idsOf(w.delays, func(a age) int { return a.id }),
		"lockout":            idsOf(w.lockouts, func(a age) int { return a.id }),
		"day_statistic":      idsOf(w.days, func(s dayStatistic) int { return s.id }),
	}
}

func idsOf[T any](rows []T, id func(T) int) []int64 {
	all := []int64{}
	for _, r := range rows {
		all = append(all, int64(id(r)))
	}
	slices.Sort(all)
	return all
}

// counts are how many rows two states of a world differ by.
func counts(before, after map[string][]int64) map[string]int {
	n := map[string]int{}
	for table := range before {
		n[table] = len(before[table]) - len(after[table])
	}
	return n
}

// holds requires that a database has exactly these rows, and that the kept
// tokens still name what they named.
func (w *world) holds(d *database) {
	d.t.Helper()
	for table, ids := range w.left() {
		require.Equal(d.t, ids, d.ids(table), table)
	}
	last := map[int64]int64{}
	rows, err := d.Query("SELECT id, last_submission_id FROM submit_token WHERE last_submission_id IS NOT NULL")
	require.NoError(d.t, err)
	defer rows.Close()
	for rows.Next() {
		var id, sub int64
		require.NoError(d.t, rows.Scan(&id, &sub))
		last[id] = sub
	}
	require.NoError(d.t, rows.Err())
	want := map[int64]int64{}
	for _, t := range w.tokens {
		if t.last != 0 {
			want[int64(t.id)] = int64(t.last)
		}
	}
	require.Equal(d.t, want, last, "last submissions")
}
