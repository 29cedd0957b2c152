package cleanuptest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Statistics are mosparo's cleanup statistics in memory. The zero value is
// empty. It is safe for concurrent use and works in a testing/synctest bubble.
type Statistics struct {
	// Fail, if not nil, is asked before every operation (by the name of the
	// method) and may return an error instead.
	Fail func(op string) error

	mu   sync.Mutex
	rows []cleanup.Row
	last int64
}

var _ cleanup.Statistics = (*Statistics)(nil)

func (s *Statistics) fails(ctx context.Context, op string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if s.Fail != nil {
		return s.Fail(op)
	}
	return nil
}

// Rows returns all rows in the order of their ids.
func (s *Statistics) Rows() []cleanup.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rows)
}

// Add inserts a row as another node would, and returns its id.
func (s *Statistics) Add(r cleanup.Row) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	r.ID, r.Time = s.last, r.Time.Truncate(time.Second)
	s.rows = append(s.rows, r)
	return r.ID
}

// Recent implements [cleanup.Statistics].
func (s *Statistics) Recent(ctx context.Context, n int) ([]cleanup.Row, error) {
	if err := s.fails(ctx, "Recent"); err != nil {
		return nil, err
	}
	rows := s.Rows()
	slices.SortFunc(rows, func(a, b cleanup.Row) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return int(b.ID - a.ID)
	})
	return rows[:min(n, len(rows))], nil
}

// Begin implements [cleanup.Statistics].
func (s *Statistics) Begin(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
	if err := s.fails(ctx, "Begin"); err != nil {
		return 0, err
	}
	return s.Add(cleanup.Row{Time: at, Executor: by}), nil
}

// unknown changes the row of unknown status; false if there is none.
func (s *Statistics) unknown(id int64, f func(i int)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.rows, func(r cleanup.Row) bool { return r.ID == id && r.Status == cleanup.StatusUnknown })
	if i >= 0 {
		f(i)
	}
	return i >= 0
}

// Touch implements [cleanup.Statistics].
func (s *Statistics) Touch(ctx context.Context, id int64, at time.Time) error {
	if err := s.fails(ctx, "Touch"); err != nil {
		return err
	}
	s.unknown(id, func(i int) { s.rows[i].Time = at.Truncate(time.Second) })
	return nil
}

// Finish implements [cleanup.Statistics].
func (s *Statistics) Finish(ctx context.Context, r cleanup.Row) error {
	if err := s.fails(ctx, "Finish"); err != nil {
		return err
	}
	r.Time = r.Time.Truncate(time.Second)
	if !s.unknown(r.ID, func(i int) {
		r.Executor = s.rows[i].Executor
		s.rows[i] = r
	}) {
		return cleanup.ErrNoRow
	}
	return nil
}

// Withdraw implements [cleanup.Statistics].
func (s *Statistics) Withdraw(ctx context.Context, id int64) error {
	if err := s.fails(ctx, "Withdraw"); err != nil {
		return err
	}
	s.unknown(id, func(i int) { s.rows = slices.Delete(s.rows, i, i+1) })
	return nil
}

// Cleaner is a cleaner that takes time and deletes nothing. Several nodes
// share one, so that it notices when two of them clean at once.
type Cleaner struct {
	// Takes is how long a run takes, in rounds of Round (default all in one).
	Takes, Round time.Duration
	// Do, if not nil, is called in every round; its error ends the run.
	Do func(ctx context.Context) error

	mu                sync.Mutex
	runs, now, doubly int
}

var _ cleanup.Cleaner = (*Cleaner)(nil)

// Runs is how many runs have begun.
func (c *Cleaner) Runs() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs
}

// Doubles is how many runs have begun while another was under way.
func (c *Cleaner) Doubles() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doubly
}

func (c *Cleaner) enter(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 {
		c.runs++
		if c.now > 0 {
			c.doubly++
		}
	}
	c.now += n
}

// Clean implements [cleanup.Cleaner].
func (c *Cleaner) Clean(ctx context.Context, l cleanup.Limits) (cleanup.Report, error) {
	c.enter(1)
	defer c.enter(-1)
	round := c.Round
	if round <= 0 {
		round = max(c.Takes, 1)
	}
	var r cleanup.Report
	for left := c.Takes; ; left -= round {
		if l.Between != nil {
			if err := l.Between(ctx); err != nil {
				return r, err
			}
		}
		if c.Do != nil {
			if err := c.Do(ctx); err != nil {
				return r, err
			}
		}
		if left <= 0 {
			r.Finished = true
			return r, nil
		}
		t := time.NewTimer(min(left, round))
		select {
		case <-t.C:
			r.DeletedSubmissions++
		case <-ctx.Done():
			t.Stop()
			return r, context.Cause(ctx)
		}
	}
}
