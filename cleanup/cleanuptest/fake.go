package cleanuptest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Fake is mosparo's database in memory: its statistics, and a Clean that takes time and
// deletes nothing. Nodes that share a Fake are a cluster; it counts the calls of Clean that
// overlap. Its methods are safe for concurrent use and work in a testing/synctest bubble;
// set the fields while no method runs.
type Fake struct {
	// Fail, if not nil, is called with the name of the method before every operation
	// on the statistics; if it returns an error, the method does, too.
	Fail func(op string) error
	// Takes is how long Clean takes, and Round how long each of its rounds. The
	// default is one round without time.
	Takes, Round time.Duration
	// Do, if not nil, is called in every round; an error ends Clean.
	Do func(ctx context.Context) error

	mu     sync.Mutex
	newest []cleanup.Run // by time and id, newest first; replaced, never changed
	last   int64         // the newest id

	cleans, active, overlapping int
}

var _ cleanup.Database = (*Fake)(nil)

// FakeOption changes a default of [NewFake]. There is none yet.
type FakeOption func(*Fake)

// NewFake returns a Fake without runs.
func NewFake(opts ...FakeOption) *Fake {
	f := &Fake{}
	for _, o := range opts {
		if o == nil {
			panic("cleanuptest.NewFake: opts has a nil FakeOption")
		}
		o(f)
	}
	return f
}

// failure returns the error with which a method ends before it begins.
func (f *Fake) failure(ctx context.Context, op string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if f.Fail != nil {
		return f.Fail(op)
	}
	return nil
}

// Runs returns all runs in the order of their ids.
func (f *Fake) Runs() []cleanup.Run {
	f.mu.Lock()
	defer f.mu.Unlock()
	runs := slices.Clone(f.newest)
	slices.SortFunc(runs, func(a, b cleanup.Run) int { return cmp.Compare(a.ID, b.ID) })
	return runs
}

// Add inserts a run as another node would, and returns its id.
func (f *Fake) Add(r cleanup.Run) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	r.ID, r.Time = f.last, r.Time.Truncate(time.Second)
	f.insert(r)
	return r.ID
}

// insert inserts a run in order, into a new slice: a simulation reads far more often than it
// writes, and reading neither sorts nor copies.
func (f *Fake) insert(r cleanup.Run) {
	i, _ := slices.BinarySearchFunc(f.newest, r, func(a, b cleanup.Run) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.ID, a.ID))
	})
	f.newest = slices.Concat(f.newest[:i], []cleanup.Run{r}, f.newest[i:])
}

// Recent implements [cleanup.Database]. Callers share the slice and must not change it.
func (f *Fake) Recent(ctx context.Context, n int) ([]cleanup.Run, error) {
	if err := f.failure(ctx, "Recent"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n = min(n, len(f.newest))
	return f.newest[:n:n], nil
}

// Begin implements [cleanup.Database].
func (f *Fake) Begin(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
	if err := f.failure(ctx, "Begin"); err != nil {
		return 0, err
	}
	return f.Add(cleanup.Run{Time: at, Executor: by}), nil
}

// Touch implements [cleanup.Database].
func (f *Fake) Touch(ctx context.Context, id int64, at time.Time) error {
	if err := f.failure(ctx, "Touch"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r, ok := f.takeUnknown(id); ok {
		r.Time = at.Truncate(time.Second)
		f.insert(r)
	}
	return nil
}

// Finish implements [cleanup.Database].
func (f *Fake) Finish(ctx context.Context, r cleanup.Run) error {
	if err := f.failure(ctx, "Finish"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	before, ok := f.takeUnknown(r.ID)
	if !ok {
		return cleanup.ErrNoRun
	}
	r.Executor, r.Time = before.Executor, r.Time.Truncate(time.Second)
	f.insert(r)
	return nil
}

// Withdraw implements [cleanup.Database].
func (f *Fake) Withdraw(ctx context.Context, id int64) error {
	if err := f.failure(ctx, "Withdraw"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.takeUnknown(id)
	return nil
}

// takeUnknown removes and returns the run if its status is unknown.
func (f *Fake) takeUnknown(id int64) (cleanup.Run, bool) {
	for i, r := range f.newest {
		if r.ID == id && r.Status == cleanup.StatusUnknown {
			f.newest = slices.Concat(f.newest[:i], f.newest[i+1:])
			return r, true
		}
	}
	return cleanup.Run{}, false
}

// Cleans returns how often Clean was called.
func (f *Fake) Cleans() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cleans
}

// OverlappingCleans returns how often Clean was called while another call was under
// way.
func (f *Fake) OverlappingCleans() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.overlapping
}

// enter counts a call of Clean. leave ends it.
func (f *Fake) enter() (leave func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cleans++
	if f.active > 0 {
		f.overlapping++
	}
	f.active++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.active--
	}
}

// Clean implements [cleanup.Database].
func (f *Fake) Clean(ctx context.Context, j cleanup.Job) (r cleanup.Report, err error) {
	defer f.enter()()
	round := f.Round
	if round <= 0 {
		round = max(f.Takes, 1)
	}
	for left := f.Takes; ; left -= round {
		if err := context.Cause(ctx); err != nil {
			return r, err
		}
		if j.Limits.Between != nil {
			if err := j.Limits.Between(ctx); err != nil {
				return r, err
			}
		}
		if f.Do != nil {
			if err := f.Do(ctx); err != nil {
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
