package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// cleanupResult is the output of "cleanup run".
type cleanupResult struct {
	Result string `json:"result"`
	result cleanup.Result
	// counted is true if a dry run has counted.
	counted bool
	DryRun  bool           `json:"dry_run,omitempty"`
	Due     *time.Time     `json:"due,omitempty"`
	Why     string         `json:"why,omitempty"`
	Rows    map[string]int `json:"rows"`
	// The numbers that mosparo shows.
	Tokens      int     `json:"deleted_tokens"`
	Submissions int     `json:"deleted_submissions"`
	LeftTokens  int     `json:"stored_tokens"`
	Left        int     `json:"stored_submissions"`
	Seconds     float64 `json:"seconds"`
	Stopped     string  `json:"stopped,omitempty"`
	Error       string  `json:"error,omitempty"`
}

func (r *cleanupResult) take(rep cleanup.Report) {
	r.Rows = rep.Rows
	if r.Rows == nil {
		r.Rows = map[string]int{}
	}
	r.Tokens, r.Submissions, r.LeftTokens, r.Left = rep.DeletedTokens, rep.DeletedSubmissions, rep.StoredTokens, rep.StoredSubmissions
}

func cleanupRun(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.register(flags)
	force := flags.Bool("force", false, "ignore schedule and marker, as mosparo:cleanup-database does; a run in progress still prevents this one")
	dry := flags.Bool("dry-run", false, "show what would be deleted now, and delete nothing")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"cleanup run takes no arguments"}
		}
		mode, how := cleanup.ModeClean, []cleanup.TryOption{cleanup.WhenDue()}
		if *force {
			how = nil // as mosparo's command
		}
		if *dry {
			mode = cleanup.ModeObserve
		}
		c, err := a.openCluster(&where, mode, cleanup.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			return err
		}
		defer c.close()
		t, err := c.scheduler.TryRun(ctx, cleanup.ExecutorCommand, how...)
		r := newCleanupResult(t)
		r.DryRun = *dry
		if *dry && err == nil {
			t.Result = cleanup.ResultObserved // a dry run succeeds, also if another node or a pause would prevent a run
			if r, err = c.dryRun(ctx, r); err == nil {
				err = c.scheduler.Check(ctx) // an attempt that is not due makes none
			}
		}
		return a.finishRun(r, *asJSON, shell.CleanupCode(t, err), err)
	}
}

// finishRun shows a result and its error, and returns the exit code.
func (a *app) finishRun(r cleanupResult, asJSON bool, code int, err error) error {
	if err != nil {
		r.Error = err.Error()
	}
	a.endProgress()
	if shown := a.show(r, asJSON); shown != nil {
		return shown
	}
	if err != nil && !asJSON { // otherwise it is in the JSON
		a.complain(err)
	}
	if code == 0 {
		return nil
	}
	return exitError(code)
}

func newCleanupResult(t cleanup.Attempt) cleanupResult {
	r := cleanupResult{result: t.Result, Result: t.Result.String(), Why: t.Decision.Why(), Seconds: t.Duration.Seconds()}
	r.take(t.Report)
	if t.Stopped != nil {
		r.Stopped = t.Stopped.Error()
	}
	if due := t.Decision.Due; !due.IsZero() {
		r.Due = &due
	}
	return r
}

// dryRun adds what a run would delete.
func (c *cluster) dryRun(ctx context.Context, r cleanupResult) (cleanupResult, error) {
	began := time.Now()
	rep, err := c.scheduler.DryRun(ctx)
	r.take(rep)
	r.counted = err == nil
	r.Seconds = time.Since(began).Seconds()
	return r, err
}

func (a *app) show(r cleanupResult, asJSON bool) error {
	if asJSON {
		return a.printJSON(r)
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", a.paint(a.outTTY, resultStyle(r.result), r.Result), r.result.Describe())
	if r.counted {
		fmt.Fprintln(a.stdout, "nothing was deleted; this would be:")
	}
	for _, table := range sortedKeys(r.Rows) {
		if n := r.Rows[table]; n > 0 {
			fmt.Fprintf(a.stdout, "  %-20s %d rows\n", table, n)
		}
	}
	if r.Stopped != "" {
		fmt.Fprintln(a.stdout, "stopped:", shell.Plain(r.Stopped))
	}
	if r.counted || r.result == cleanup.ResultCompleted || r.result == cleanup.ResultUnfinished {
		_, err := fmt.Fprintf(a.stdout, "%d tokens and %d submissions remain; %.1f s\n", r.LeftTokens, r.Left, r.Seconds)
		return err
	}
	if r.Due != nil {
		_, err := fmt.Fprintf(a.stdout, "due %s (%s)\n", shortTime(*r.Due), r.Why)
		return err
	}
	return nil
}

// resultStyle is green for a complete run and red for one that was not possible.
func resultStyle(r cleanup.Result) style {
	switch r {
	case cleanup.ResultCompleted:
		return green
	case cleanup.ResultRefused, cleanup.ResultUnavailable:
		return red
	}
	return bold
}

// progress shows the progress of a run on a terminal.
func (a *app) progress(p sqlcleaner.Progress) {
	if !a.showsProgress() {
		return
	}
	rows := 0
	for _, n := range p.Rows {
		rows += n
	}
	part := ""
	if p.Fraction >= 0 {
		part = fmt.Sprintf(" %3.0f %%", 100*p.Fraction)
	}
	a.replaceLine("%s%s, %d rows deleted", p.Step, part, rows)
}

func (a *app) endProgress() { a.replaceLine("") }

func cleanupPause(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.cacheFlags(flags)
	d := flags.Duration("for", time.Hour, "duration of the pause, at most 24h")
	reason := flags.String("reason", "", "reason, shown to other operators")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"cleanup pause takes no arguments"}
		}
		c, err := a.openPool(&where)
		if err != nil {
			return err
		}
		defer c.close()
		by, err := os.Hostname()
		if err != nil {
			by = "unknown"
		}
		p, err := cleanup.PauseAll(ctx, c.pool, *d, by, *reason)
		if errors.Is(err, cleanup.ErrPauseTooLong) {
			return usageError{err.Error()}
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return a.printJSON(pauseState{Until: p.Until, By: p.By, Reason: p.Reason})
		}
		_, err = fmt.Fprintf(a.stdout, "Go nodes do not clean until %s; PHP nodes are not affected\n", shortTime(p.Until))
		return err
	}
}

func cleanupResume(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.cacheFlags(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"cleanup resume takes no arguments"}
		}
		c, err := a.openPool(&where)
		if err != nil {
			return err
		}
		defer c.close()
		return cleanup.ResumeAll(ctx, c.pool)
	}
}
