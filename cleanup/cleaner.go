package cleanup

import (
	"context"
	"time"
)

// Cleaner deletes what is past its time. Scheduler calls it under the lock, at most
// one at a time in a cluster of Go nodes.
type Cleaner interface {
	// Clean deletes until nothing is left to delete or a limit is reached. It
	// stops between two statements when ctx ends, and leaves the data
	// consistent whenever it stops. The report is valid, as far as it goes,
	// also with an error.
	Clean(ctx context.Context, l Limits) (Report, error)
}

// Limits of one run. The zero value has none.
type Limits struct {
	// Rounds is the number of rounds, negative for none at all, 0 for no
	// limit; mosparo's frontend does 10.
	Rounds int
	// Rows is how many submissions a round deletes at most; 0 is
	// [DefaultRows].
	Rows int
	// Time ends the run after the round in which it has passed; 0 is no limit.
	// mosparo's frontend has 1.5 s.
	Time time.Duration
	// Between, if not nil, is called before every round, one call at a time and
	// at least once in [MaxRound]; an error ends the run, and Clean returns it.
	Between func(ctx context.Context) error
}

// MaxRound is the longest time from one Between to the next: a cleaner that lets
// it pass counts as hung, its context ends, and its run no longer looks alive,
// so that PHP nodes do not wait for it.
const MaxRound = time.Hour

// DefaultRows is mosparo's number of rows a round.
const DefaultRows = 2500

// Report is what a run did.
type Report struct {
	// Finished: nothing was left to delete.
	Finished bool
	// DeletedTokens and DeletedSubmissions are the numbers that mosparo shows.
	DeletedTokens, DeletedSubmissions int
	// StoredTokens and StoredSubmissions are what remains.
	StoredTokens, StoredSubmissions int
	// Rows are all deleted rows, by table.
	Rows map[string]int
}

// Statistics are mosparo's cleanup statistics, which every node writes and
// which keep nodes from cleaning at the same time. All times have whole
// seconds.
type Statistics interface {
	// Recent returns the newest rows by time, newest first, at most n. It reads
	// from the primary, outside of any transaction.
	Recent(ctx context.Context, n int) ([]Row, error)
	// Begin inserts a row of unknown status with zero counts, and commits.
	Begin(ctx context.Context, at time.Time, by Executor) (id int64, err error)
	// Touch sets the time of a row of unknown status.
	Touch(ctx context.Context, id int64, at time.Time) error
	// Finish sets everything but the executor of a row of unknown status, and returns
	// [ErrNoRow] if there is none.
	Finish(ctx context.Context, r Row) error
	// Withdraw deletes a row of unknown status; one that is gone is no error.
	Withdraw(ctx context.Context, id int64) error
}

// Row is one row of the cleanup statistics.
type Row struct {
	ID                                    int64
	Time                                  time.Time
	Executor                              Executor
	Status                                Status
	StoredTokens, DeletedTokens           int
	StoredSubmissions, DeletedSubmissions int
	Duration                              time.Duration
}
