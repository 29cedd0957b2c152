package cleanup

import (
	"context"
	"errors"
	"time"
)

// cleanFunc cleans as the Clean of a [Database] does.
type cleanFunc func(ctx context.Context, j Job) (Report, error)

// inSequence returns a cleaner that calls two, one after the other, as one run: its
// report is their sum. An error of the first does not keep the second from running,
// unless ctx has ended or Between has returned an error. The time limit is for both
// together, but leaves the second one round, so that the first cannot keep it from
// ever working. Each has all the rounds.
func inSequence(first, second cleanFunc) cleanFunc {
	return func(ctx context.Context, j Job) (Report, error) {
		began, stopped := time.Now(), false
		if between := j.Limits.Between; between != nil {
			j.Limits.Between = func(ctx context.Context) error {
				err := between(ctx)
				stopped = stopped || err != nil
				return err
			}
		}
		sum := Report{Finished: true, Rows: map[string]int{}}
		r, err := first(ctx, j)
		sum.add(r, err)
		if stopped {
			return sum, err
		}
		if ctx.Err() != nil {
			sum.Finished = false
			return sum, errors.Join(err, context.Cause(ctx))
		}
		if j.Limits.Time > 0 {
			j.Limits.Time = max(j.Limits.Time-time.Since(began), time.Nanosecond)
		}
		r, failed := second(ctx, j)
		sum.add(r, failed)
		return sum, errors.Join(err, failed)
	}
}

// add adds the report of a cleaner that returned err.
func (r *Report) add(other Report, err error) {
	r.Finished = r.Finished && other.Finished && err == nil
	r.DeletedTokens += other.DeletedTokens
	r.DeletedSubmissions += other.DeletedSubmissions
	r.StoredTokens += other.StoredTokens
	r.StoredSubmissions += other.StoredSubmissions
	for table, n := range other.Rows {
		r.Rows[table] += n
	}
}
