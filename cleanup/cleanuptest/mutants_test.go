package cleanuptest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
)

// mutant is a fake of which some methods break a rule.
type mutant struct {
	*Fake
	recent   func(ctx context.Context, n int) ([]cleanup.Run, error)
	begin    func(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error)
	touch    func(ctx context.Context, id int64, at time.Time) error
	finish   func(ctx context.Context, r cleanup.Run) error
	withdraw func(ctx context.Context, id int64) error
	clean    func(ctx context.Context, j cleanup.Job) (cleanup.Report, error)
	check    func(ctx context.Context) error
	dryRuns  int // how much each reports more than the one before
}

func (m *mutant) Recent(ctx context.Context, n int) ([]cleanup.Run, error) {
	if m.recent != nil {
		return m.recent(ctx, n)
	}
	return m.Fake.Recent(ctx, n)
}

func (m *mutant) Begin(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
	if m.begin != nil {
		return m.begin(ctx, at, by)
	}
	return m.Fake.Begin(ctx, at, by)
}

func (m *mutant) Touch(ctx context.Context, id int64, at time.Time) error {
	if m.touch != nil {
		return m.touch(ctx, id, at)
	}
	return m.Fake.Touch(ctx, id, at)
}

func (m *mutant) Finish(ctx context.Context, r cleanup.Run) error {
	if m.finish != nil {
		return m.finish(ctx, r)
	}
	return m.Fake.Finish(ctx, r)
}

func (m *mutant) Withdraw(ctx context.Context, id int64) error {
	if m.withdraw != nil {
		return m.withdraw(ctx, id)
	}
	return m.Fake.Withdraw(ctx, id)
}

func (m *mutant) Clean(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
	if m.clean != nil {
		return m.clean(ctx, j)
	}
	return m.Fake.Clean(ctx, j)
}

// Check implements [cleanup.Checker].
func (m *mutant) Check(ctx context.Context, _ cleanup.Policy, _ cleanup.Snapshot) error {
	if m.check != nil {
		return m.check(ctx)
	}
	return nil
}

// DryRun implements [cleanup.DryRunner].
func (m *mutant) DryRun(context.Context, cleanup.Policy) (cleanup.Report, error) {
	r := cleanup.Report{Finished: true, DeletedTokens: m.dryRuns}
	m.dryRuns *= 2
	return r, nil
}

// change changes a run of any status.
func (m *mutant) change(id int64, f func(r *cleanup.Run)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, r := range m.newest {
		if r.ID == id {
			m.newest = slices.Concat(m.newest[:i], m.newest[i+1:])
			f(&r)
			m.insert(r)
			return
		}
	}
}

// mutants break one rule each; a rule may have several.
var mutants = []struct {
	rule, name string
	mutate     func(*mutant)
}{
	{"NewRunsAreUnknown", "begins as incomplete", func(m *mutant) {
		m.begin = func(_ context.Context, at time.Time, by cleanup.Executor) (int64, error) {
			return m.Add(cleanup.Run{Time: at, Executor: by, Status: cleanup.StatusIncomplete}), nil
		}
	}},
	{"NewRunsAreUnknown", "one executor for all", func(m *mutant) {
		m.begin = func(ctx context.Context, at time.Time, _ cleanup.Executor) (int64, error) {
			return m.Fake.Begin(ctx, at, cleanup.ExecutorCommand)
		}
	}},
	{"BeginCommits", "the transaction ends with the context", func(m *mutant) {
		m.begin = func(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
			id, err := m.Fake.Begin(ctx, at, by)
			rows := m.recent
			m.recent = func(now context.Context, n int) ([]cleanup.Run, error) {
				if ctx.Err() != nil {
					return nil, nil
				}
				m.recent = rows
				return m.Recent(now, n)
			}
			return id, err
		}
	}},
	{"IDsDiffer", "the id of the second", func(m *mutant) {
		m.begin = func(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
			if _, err := m.Fake.Begin(ctx, at, by); err != nil {
				return 0, err
			}
			return 1, nil
		}
	}},
	{"NewestFirst", "oldest first", func(m *mutant) {
		m.recent = func(ctx context.Context, n int) ([]cleanup.Run, error) {
			runs, err := m.Fake.Recent(ctx, n)
			runs = slices.Clone(runs)
			slices.Reverse(runs)
			return runs, err
		}
	}},
	{"NewestFirst", "by id", func(m *mutant) {
		m.recent = func(context.Context, int) ([]cleanup.Run, error) {
			runs := m.Runs()
			slices.Reverse(runs)
			return runs, nil
		}
	}},
	{"NewestFirst", "all of them", func(m *mutant) {
		m.recent = func(ctx context.Context, _ int) ([]cleanup.Run, error) { return m.Fake.Recent(ctx, 1000) }
	}},
	{"TimesAreWholeSeconds", "rounds them", func(m *mutant) {
		m.begin = func(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
			return m.Fake.Begin(ctx, at.Round(time.Second), by)
		}
	}},
	{"TouchMovesRunsUnderWay", "does nothing", func(m *mutant) {
		m.touch = func(context.Context, int64, time.Time) error { return nil }
	}},
	{"TouchMovesRunsUnderWay", "never moves back", func(m *mutant) {
		m.touch = func(ctx context.Context, id int64, at time.Time) error {
			if newest, _ := m.Fake.Recent(ctx, 1); newest[0].Time.After(at) {
				return nil
			}
			return m.Fake.Touch(ctx, id, at)
		}
	}},
	{"TouchLeavesTheRestAlone", "moves any run", func(m *mutant) {
		m.touch = func(_ context.Context, id int64, at time.Time) error {
			m.change(id, func(r *cleanup.Run) { r.Time = at })
			return nil
		}
	}},
	{"TouchLeavesTheRestAlone", "an error for a run that has ended", func(m *mutant) {
		m.touch = func(ctx context.Context, id int64, at time.Time) error {
			if r := m.run(id); r == nil || r.Status != cleanup.StatusUnknown {
				return cleanup.ErrNoRun
			}
			return m.Fake.Touch(ctx, id, at)
		}
	}},
	{"FinishSavesTheEnd", "without a duration", func(m *mutant) {
		m.finish = func(ctx context.Context, r cleanup.Run) error {
			r.Duration = 0
			return m.Fake.Finish(ctx, r)
		}
	}},
	{"FinishSavesTheEnd", "two columns are swapped", func(m *mutant) {
		m.finish = func(ctx context.Context, r cleanup.Run) error {
			r.StoredTokens, r.DeletedTokens = r.DeletedTokens, r.StoredTokens
			return m.Fake.Finish(ctx, r)
		}
	}},
	{"FinishKeepsTheExecutor", "writes it", func(m *mutant) {
		m.finish = func(ctx context.Context, r cleanup.Run) error {
			err := m.Fake.Finish(ctx, r)
			m.change(r.ID, func(saved *cleanup.Run) { saved.Executor = r.Executor })
			return err
		}
	}},
	{"FinishIsOnce", "ends it again", func(m *mutant) {
		m.finish = func(_ context.Context, r cleanup.Run) error {
			m.change(r.ID, func(saved *cleanup.Run) { *saved = r })
			return nil
		}
	}},
	{"FinishIsOnce", "says that it did", func(m *mutant) {
		m.finish = func(ctx context.Context, r cleanup.Run) error {
			_ = m.Fake.Finish(ctx, r) // its error is what is kept back
			return nil
		}
	}},
	{"WithdrawDeletesRunsUnderWay", "does nothing", func(m *mutant) {
		m.withdraw = func(context.Context, int64) error { return nil }
	}},
	{"WithdrawDeletesRunsUnderWay", "all of them", func(m *mutant) {
		m.withdraw = func(ctx context.Context, _ int64) error {
			for _, r := range m.Runs() {
				_ = m.Fake.Withdraw(ctx, r.ID) // it never fails
			}
			return nil
		}
	}},
	{"WithdrawLeavesTheRestAlone", "deletes any run", func(m *mutant) {
		m.withdraw = func(ctx context.Context, id int64) error {
			m.change(id, func(r *cleanup.Run) { r.Status = cleanup.StatusUnknown })
			return m.Fake.Withdraw(ctx, id)
		}
	}},
	{"EndedContextsWriteNothing", "ignores contexts", func(m *mutant) {
		m.begin = func(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
			return m.Fake.Begin(context.WithoutCancel(ctx), at, by)
		}
	}},
	{"EndedContextsWriteNothing", "writes and returns an error", func(m *mutant) {
		m.withdraw = func(ctx context.Context, id int64) error {
			return errors.Join(m.Fake.Withdraw(context.WithoutCancel(ctx), id), ctx.Err())
		}
	}},
	{"CleanCallsBetween", "does not", func(m *mutant) {
		m.clean = func(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
			j.Limits.Between = nil
			return m.Fake.Clean(ctx, j)
		}
	}},
	{"CleanStopsBetweenRounds", "continues", func(m *mutant) {
		m.clean = func(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
			if between := j.Limits.Between; between != nil {
				j.Limits.Between = func(ctx context.Context) error { _ = between(ctx); return nil } // the error is what is ignored
			}
			return m.Fake.Clean(ctx, j)
		}
	}},
	{"CleanStopsBetweenRounds", "takes it for the end", func(m *mutant) {
		m.clean = func(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
			r, err := m.Fake.Clean(ctx, j)
			r.Finished = true
			return r, err
		}
	}},
	{"CleanEndsWithItsContext", "continues", func(m *mutant) {
		m.clean = func(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
			return m.Fake.Clean(context.WithoutCancel(ctx), j)
		}
	}},
	{"CleanFinishes", "never", func(m *mutant) {
		m.clean = func(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
			r, err := m.Fake.Clean(ctx, j)
			r.Finished = false
			return r, err
		}
	}},
	{"CleanLeavesTheRunsAlone", "deletes old ones", func(m *mutant) {
		m.clean = func(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
			oldest := m.Runs()
			if len(oldest) > 0 {
				m.change(oldest[0].ID, func(r *cleanup.Run) { r.Time = r.Time.AddDate(-100, 0, 0) })
			}
			return m.Fake.Clean(ctx, j)
		}
	}},
	{"ChecksPass", "refuses", func(m *mutant) { m.check = func(context.Context) error { return cleanup.ErrRefused } }},
	{"ChecksWriteNothing", "tries to insert a run", func(m *mutant) {
		m.check = func(ctx context.Context) error {
			_, err := m.Fake.Begin(ctx, time.Now(), cleanup.ExecutorCommand)
			return err
		}
	}},
	{"DryRunDeletesNothing", "reports less and less", func(m *mutant) { m.dryRuns = 1 }},
}

// run returns a run of any status.
func (m *mutant) run(id int64) *cleanup.Run {
	for _, r := range m.Runs() {
		if r.ID == id {
			return &r
		}
	}
	return nil
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failureOf returns what a rule says of a database, "" if it keeps it.
func failureOf(tb testing.TB, r rule, db cleanup.Database) string {
	rec := &recorder{TB: tb}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.run(rec, db)
	}()
	<-ended
	return rec.failure
}

func TestConformance_NamesTheRuleThatADatabaseBreaks(t *testing.T) {
	byName := map[string]rule{}
	untested := map[string]bool{}
	for _, r := range rules {
		byName[r.name], untested[r.name] = r, true
	}
	for _, c := range mutants {
		delete(untested, c.rule)
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, ok := byName[c.rule]
				require.True(t, ok)
				require.Empty(t, failureOf(t, r, &mutant{Fake: NewFake()}), "without a mutation")
				m := &mutant{Fake: NewFake()}
				c.mutate(m)
				require.Contains(t, failureOf(t, r, m), "The rule is there because: "+r.why+".")
			})
		})
	}
	require.Empty(t, untested, "rules without a mutant")
}

func TestFake_Conforms(t *testing.T) {
	Conformance(t, func(*testing.T) cleanup.Database { return NewFake() })
}
