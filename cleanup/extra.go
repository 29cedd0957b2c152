package cleanup

import (
	"context"
	"errors"
	"time"
)

// sequence is a cleaner that runs several, one after the other, as one run: its
// report is their sum, and finished if all of them are. A cleaner that fails does
// not keep the next from running; their errors are joined.
type sequence []Cleaner

// Clean implements [Cleaner]. The run ends early when ctx ends or Between returns
// an error. The time limit is for all together: each cleaner gets the rest, but at
// least a moment, so that the first does not keep the others from ever working.
// Rounds are each cleaner's own.
func (w sequence) Clean(ctx context.Context, j Job) (Report, error) {
	began := time.Now()
	sum := Report{Finished: true, Rows: map[string]int{}}
	var errs []error
	for _, cleaner := range w {
		if ctx.Err() != nil {
			sum.Finished = false
			return sum, errors.Join(append(errs, context.Cause(ctx))...)
		}
		rest, stopped := j, false
		if j.Limits.Time > 0 {
			rest.Limits.Time = max(j.Limits.Time-time.Since(began), time.Nanosecond)
		}
		if j.Limits.Between != nil {
			rest.Limits.Between = func(ctx context.Context) error {
				err := j.Limits.Between(ctx)
				stopped = stopped || err != nil
				return err
			}
		}
		r, err := cleaner.Clean(ctx, rest)
		sum.add(r)
		if err != nil {
			sum.Finished = false
			errs = append(errs, err)
		}
		if stopped {
			break
		}
	}
	return sum, errors.Join(errs...)
}

func (r *Report) add(other Report) {
	r.Finished = r.Finished && other.Finished
	r.DeletedTokens += other.DeletedTokens
	r.DeletedSubmissions += other.DeletedSubmissions
	r.StoredTokens += other.StoredTokens
	r.StoredSubmissions += other.StoredSubmissions
	for table, n := range other.Rows {
		r.Rows[table] += n
	}
}
