package cleanup

import (
	"context"
	"time"
)

// Job is the work of one run.
type Job struct {
	// Policy says what has expired. It is valid; see [Policy.Validate].
	Policy Policy
	Limits Limits
}

// Limits of one run. The zero value limits nothing.
type Limits struct {
	// Rounds is the maximum number of rounds; 0 is no limit, and a negative number
	// no round at all. mosparo's frontend has 10.
	Rounds int
	// Rows is the maximum number of submissions deleted in a round; 0 is mosparo's
	// 2500.
	Rows int
	// Time is the time after which a run begins no further round; 0 is no limit.
	// mosparo's frontend has 1.5 s.
	Time time.Duration
	// Between, if not nil, is called before every round, one call at a time. If it
	// returns an error, the run ends, and Clean returns that error. A cleaner that
	// does not call it for an hour counts as hung: its context is cancelled with
	// [ErrHung], and PHP nodes no longer wait for its run. Go nodes wait until Clean
	// returns.
	Between func(ctx context.Context) error
}

// maxRound is the maximum time from one Between to the next.
const maxRound = time.Hour

// Report is what a run has deleted, and what remains.
type Report struct {
	// Finished is true if nothing was left to delete.
	Finished bool
	// DeletedTokens and DeletedSubmissions are the numbers that mosparo shows.
	DeletedTokens, DeletedSubmissions int
	// StoredTokens and StoredSubmissions are the numbers that remain.
	StoredTokens, StoredSubmissions int
	// Rows is the number of deleted rows by table.
	Rows map[string]int
}

// mustBeValid panics unless the limits are valid; a negative number of rounds is
// none at all.
func (l Limits) mustBeValid(function string) {
	mustNotBeNegative(l.Time, function, "Limits.Time")
	must(l.Rows >= 0, function, "Limits.Rows", "negative")
}
