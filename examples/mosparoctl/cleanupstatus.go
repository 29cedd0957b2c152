package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// cleanupState is the output of "cleanup status".
type cleanupState struct {
	Due      time.Time      `json:"due"`
	Why      string         `json:"why"`
	now      string         // the decision for people
	Decision string         `json:"decision"` // a result, or "run" if an attempt would clean now
	Until    *time.Time     `json:"until,omitempty"`
	Next     *time.Time     `json:"next"`
	Extra    *time.Time     `json:"additional"`
	Started  *time.Time     `json:"started"`
	Pause    *pauseState    `json:"pause,omitempty"`
	Running  *runningState  `json:"running,omitempty"`
	Holder   string         `json:"lock_holder,omitempty"`
	Since    *float64       `json:"seconds_since_complete"`
	Check    *checkState    `json:"check,omitempty"`
	Runs     []cleanupLine  `json:"runs"`
	Doubles  []overlapState `json:"double_runs"`
	Warnings []string       `json:"warnings"`
}

type pauseState struct {
	Until  time.Time `json:"until"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

type runningState struct {
	Since time.Time `json:"since"`
	Row   int64     `json:"row,omitempty"`
	Node  string    `json:"node"` // as that of a cleanupLine
	Host  string    `json:"host,omitempty"`
	PID   int       `json:"pid,omitempty"`
}

// checkState is whether a node with these settings may clean.
type checkState struct {
	Result string `json:"result"` // "ok", "refused" or "unavailable"
	Error  string `json:"error,omitempty"`
}

func checkStateOf(o cleanup.Overview) *checkState {
	switch {
	case o.CheckedAt.IsZero():
		return nil
	case o.CheckErr == nil:
		return &checkState{Result: "ok"}
	case errors.Is(o.CheckErr, cleanup.ErrRefused):
		return &checkState{Result: cleanup.ResultRefused.String(), Error: o.CheckErr.Error()}
	}
	return &checkState{Result: cleanup.ResultUnavailable.String(), Error: o.CheckErr.Error()}
}

// cleanupLine is one run.
type cleanupLine struct {
	Row         int64     `json:"row"`
	Time        time.Time `json:"time"`
	Node        string    `json:"node"` // the host of a Go node, "PHP" or "unknown"
	Executor    string    `json:"executor"`
	Status      string    `json:"status"`
	Seconds     float64   `json:"seconds"`
	Tokens      int       `json:"deleted_tokens"`
	Submissions int       `json:"deleted_submissions"`
	LeftTokens  int       `json:"stored_tokens"`
	Left        int       `json:"stored_submissions"`
}

type overlapState struct {
	Earlier int64 `json:"earlier"`
	Later   int64 `json:"later"`
}

// nodeOf names the node of a run.
func nodeOf(r cleanup.Run) string {
	switch {
	case r.IsGo():
		return r.Host
	case r.NodeUnknown:
		return "unknown"
	}
	return "PHP"
}

func cleanupLines(runs []cleanup.Run) []cleanupLine {
	lines := []cleanupLine{}
	for _, r := range runs {
		lines = append(lines, cleanupLine{
			Row: r.ID, Time: r.Time.UTC(), Node: nodeOf(r), Executor: r.Executor.String(), Status: r.Status.String(), Seconds: r.Duration.Seconds(),
			Tokens: r.DeletedTokens, Submissions: r.DeletedSubmissions, LeftTokens: r.StoredTokens, Left: r.StoredSubmissions,
		})
	}
	return lines
}

func overlapStates(all []cleanup.Overlap) []overlapState {
	found := []overlapState{}
	for _, o := range all {
		found = append(found, overlapState{o.Earlier.ID, o.Later.ID})
	}
	return found
}

func cleanupStatus(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.register(flags)
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"cleanup status takes no arguments"}
		}
		c, err := a.openCluster(&where, cleanup.ModeObserve, cleanup.WithLogger(nil)) // the state includes what it would log
		if err != nil {
			return err
		}
		defer c.close()
		_ = c.scheduler.Check(ctx) // likewise
		o, err := c.scheduler.Overview(ctx)
		if o.Decision.Due.IsZero() {
			return err // nothing could be read
		}
		write := func() error { return a.writeState(stateOf(o)) }
		if *asJSON {
			write = func() error { return a.printJSON(stateOf(o)) }
		}
		return errors.Join(write(), err)
	}
}

func stateOf(o cleanup.Overview) cleanupState {
	s := cleanupState{
		Due: o.Decision.Due.UTC(), Why: o.Decision.Why(), Decision: o.Decision.String(), now: describeDecision(o.Decision),
		Next: o.Snapshot.Next, Extra: o.Snapshot.Additional, Started: o.Snapshot.Started,
		Check: checkStateOf(o), Runs: cleanupLines(o.Runs), Doubles: overlapStates(o.Overlaps), Warnings: append([]string{}, o.Warnings...),
	}
	if until := o.Decision.Until; !until.IsZero() {
		s.Until = &until
	}
	if o.Pause != nil {
		s.Pause = &pauseState{Until: o.Pause.Until, By: o.Pause.By, Reason: o.Pause.Reason}
	}
	if o.Running != nil {
		s.Running = &runningState{Since: o.Running.Time, Row: o.Running.ID, Node: nodeOf(*o.Running), Host: o.Running.Host, PID: o.Running.PID}
	}
	if o.Holder != nil {
		s.Holder = o.Holder.Owner.Host
	}
	if o.SinceComplete >= 0 {
		seconds := o.SinceComplete.Seconds()
		s.Since = &seconds
	}
	return s
}

// describeDecision describes the result of an attempt now.
func describeDecision(d cleanup.Decision) string {
	if d.Run {
		return "run: the cleanup would start"
	}
	return d.String() + ": " + d.Result.Describe()
}

// writeState prints the state for people.
func (a *app) writeState(s cleanupState) error {
	t := a.newTable()
	painted := func(how style, name, format string, args ...any) {
		t.add(cell{name, bold}, cell{fmt.Sprintf(format, args...), how})
	}
	line := func(name, format string, args ...any) { painted(normal, name, format, args...) }
	line("due", "%s (%s)", shortTime(s.Due), s.Why)
	line("now", "%s", s.now)
	if s.Until != nil {
		line("until", "%s", shortTime(*s.Until))
	}
	if p := s.Pause; p != nil {
		painted(yellow, "paused", "until %s by %s: %s", shortTime(p.Until), p.By, p.Reason)
	}
	if r := s.Running; r != nil {
		where := "a PHP node"
		switch {
		case r.Host != "":
			where = fmt.Sprintf("%s (pid %d)", r.Host, r.PID)
		case r.Node == "unknown":
			where = "a node that the cache does not name"
		}
		line("running", "since %s on %s, row %d", shortTime(r.Since), where, r.Row)
	}
	if s.Holder != "" {
		line("lock", "held by %s", s.Holder)
	}
	if s.Since != nil {
		line("last complete", "%v ago", (time.Duration(*s.Since) * time.Second))
	}
	if c := s.Check; c != nil && c.Error == "" {
		painted(green, "check", "a node with these settings may clean")
	} else if c != nil {
		painted(red, "check", "%s: %s", c.Result, c.Error)
	}
	for _, text := range s.Warnings {
		painted(yellow, "warning", "%s", text)
	}
	if err := t.write(); err != nil {
		return err
	}
	if len(s.Runs) > 0 {
		fmt.Fprintln(a.stdout)
	}
	return a.writeRuns(s.Runs, s.Doubles)
}

func shortTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func (a *app) writeRuns(runs []cleanupLine, doubles []overlapState) error {
	if len(runs) == 0 {
		return nil
	}
	t := a.newTable("ROW", "TIME", "NODE", "EXECUTOR", "STATUS", "SECONDS", "TOKENS DELETED", "SUBMISSIONS DELETED")
	for _, r := range runs {
		status := cell{r.Status, normal}
		switch r.Status {
		case cleanup.StatusComplete.String():
			status.style = green
		case cleanup.StatusUnknown.String():
			status.style = yellow
		}
		t.add(r.Row, shortTime(r.Time), r.Node, r.Executor, status, fmt.Sprintf("%.1f", r.Seconds), r.Tokens, r.Submissions)
	}
	if err := t.write(); err != nil {
		return err
	}
	for _, o := range doubles {
		fmt.Fprintln(a.stdout, a.paint(a.outTTY, red, fmt.Sprintf("rows %d and %d ran at the same time", o.Earlier, o.Later)))
	}
	return nil
}

func cleanupHistory(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.register(flags)
	n := flags.Int("number", 20, "how many runs")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 || *n < 1 {
			return usageError{"cleanup history takes a positive number with -n, and no arguments"}
		}
		c, err := a.openCluster(&where, cleanup.ModeObserve)
		if err != nil {
			return err
		}
		defer c.close()
		runs, err := c.scheduler.History(ctx, *n)
		if err != nil {
			return err
		}
		doubles := overlapStates(c.scheduler.Overlaps(runs))
		if *asJSON {
			return a.printJSON(struct {
				Runs    []cleanupLine  `json:"runs"`
				Doubles []overlapState `json:"double_runs"`
			}{cleanupLines(runs), doubles})
		}
		return a.writeRuns(cleanupLines(runs), doubles)
	}
}

func cleanupObserve(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.register(flags)
	asJSON := flags.Bool("json", false, "write JSON, one line for each event")
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"cleanup observe takes no arguments"}
		}
		log := slog.New(slog.NewTextHandler(a.stdout, nil))
		if *asJSON {
			log = slog.New(slog.NewJSONHandler(shell.JSON(a.stdout), nil))
		}
		c, err := a.openCluster(&where, cleanup.ModeObserve, cleanup.WithLogger(log))
		if err != nil {
			return err
		}
		defer c.close()
		return c.scheduler.Run(ctx)
	}
}
