package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// All is a cleaner that runs several, one after the other, as one run: its
// report is their sum, and finished if all of them are. A cleaner that fails
// does not keep the next from running; their errors are joined. The run ends early
// when ctx ends or Between of the limits returns an error.
//
// The time of the limits is for all together; what is left of it when a cleaner
// begins is that cleaner's, at least a moment, so that the first does not keep
// the others from ever working. Rounds are each cleaner's own. It panics if a
// cleaner is nil.
func All(cleaners ...Cleaner) Cleaner {
	for i, c := range cleaners {
		must(c != nil, "All", fmt.Sprintf("cleaners[%d]", i), "nil")
	}
	return chain(cleaners)
}

type chain []Cleaner

// Clean implements [Cleaner].
func (c chain) Clean(ctx context.Context, l Limits) (Report, error) {
	began := time.Now()
	sum := Report{Finished: true, Rows: map[string]int{}}
	var errs []error
	for _, cleaner := range c {
		if ctx.Err() != nil {
			sum.Finished = false
			return sum, errors.Join(append(errs, context.Cause(ctx))...)
		}
		mine, stopped := l, false
		if l.Time > 0 {
			mine.Time = max(l.Time-time.Since(began), time.Nanosecond)
		}
		if l.Between != nil {
			mine.Between = func(ctx context.Context) error {
				err := l.Between(ctx)
				stopped = stopped || err != nil
				return err
			}
		}
		r, err := cleaner.Clean(ctx, mine)
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

// PrunedRows is the name under which the report of [Prune] counts.
const PrunedRows = "cache"

// Prune is a cleaner that removes expired entries from a cache which does not do
// that itself, as Symfony's command cache:pool:prune does: for mosparo's
// filesystem cache it deletes the files that are over. Every node with a
// directory of its own has to prune that itself, while a directory that is
// shared needs it once. It is one step, which ends with ctx; the rounds of the
// limits do not concern it, but Between is asked once before. It panics if p is
// nil.
func Prune(p cache.Pruner) Cleaner {
	must(p != nil, "Prune", "p", "nil")
	return pruner{p}
}

type pruner struct{ cache.Pruner }

// Clean implements [Cleaner].
func (p pruner) Clean(ctx context.Context, l Limits) (Report, error) {
	if l.Between != nil {
		if err := l.Between(ctx); err != nil {
			return Report{}, err
		}
	}
	n, err := p.Prune(ctx)
	return Report{Finished: err == nil, Rows: map[string]int{PrunedRows: max(n, 0)}}, err
}
