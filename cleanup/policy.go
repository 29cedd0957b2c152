package cleanup

import (
	"fmt"
	"time"
)

// Policy are the five settings of mosparo's cleanup, as numbers in mosparo's
// own units; connect.CleanupPolicy makes one of a node's settings. A number
// outside its range, 0 included, counts as the default, as in mosparo: it is
// not clamped. The zero Policy is mosparo's default.
type Policy struct {
	// GracePeriod (MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED) puts an unforced
	// cleanup off by the submit token retention period, so that the cron job comes
	// first.
	GracePeriod bool
	// SubmitTokenRetention (MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD) in hours, 1
	// to 24, default 24.
	SubmitTokenRetention int
	// SubmissionRetention (MOSPARO_SUBMISSION_RETENTION_PERIOD) in days, 1 to
	// 14, default 14.
	SubmissionRetention int
	// ProcessInterval (MOSPARO_CLEANUP_PROCESS_INTERVAL) in hours, 1 to 24,
	// default 6.
	ProcessInterval int
	// UnfinishedInterval (MOSPARO_CLEANUP_UNFINISHED_INTERVAL) in minutes, 1 to
	// 360, default 10.
	UnfinishedInterval int
}

func inRange(n, most, def int) int {
	if n < 1 || n > most {
		return def
	}
	return n
}

// TokenAge is how old a submit token, or a submission that is neither spam nor
// valid, may become.
func (p Policy) TokenAge() time.Duration {
	return time.Duration(inRange(p.SubmitTokenRetention, 24, 24)) * time.Hour
}

// SubmissionDays is how many calendar days a submission is kept.
func (p Policy) SubmissionDays() int { return inRange(p.SubmissionRetention, 14, 14) }

// Interval is the time from one cleanup to the next.
func (p Policy) Interval() time.Duration {
	return time.Duration(inRange(p.ProcessInterval, 24, 6)) * time.Hour
}

// Unfinished is the time after which an unfinished cleanup is taken up again,
// and for which a statistic row of unknown status keeps others away.
func (p Policy) Unfinished() time.Duration {
	return time.Duration(inRange(p.UnfinishedInterval, 360, 10)) * time.Minute
}

// MarkerAge is how long mosparoCleanupStartedAt keeps unforced cleanups away.
const MarkerAge = 5 * time.Minute

// State is what a node sees before it decides. A nil time is one that is not
// set: for the cache an absent key or a stored null, which mosparo treats
// alike.
type State struct {
	// Next, Additional and Started are the three keys in the shared cache.
	Next, Additional, Started *time.Time
	// Newest is the time of the newest statistic row, whatever its status.
	Newest *time.Time
	// NewestUnknown is the time of the newest row whose status is unknown: a
	// cleanup that runs, or died.
	NewestUnknown *time.Time
	// ReadOnlyCache: the start of a cleanup cannot be noted in the cache.
	ReadOnlyCache bool
}

// Decision is what follows from a State.
type Decision struct {
	// Run: the cleanup starts now.
	Run bool
	// Result says why it does not. With Run, and in a zero Decision, it says
	// nothing, although its number is that of Completed.
	Result Result
	// Due is when an unforced cleanup is due, Reason what says so.
	Due    time.Time
	Reason Reason
	// Grace is the part of Due that is the grace period, 0 without one.
	Grace time.Duration
	// Until is when what keeps the cleanup away now will not do so any longer:
	// Due, or the end of a marker's or row's time. Zero with Run.
	Until time.Time
}

// String is RUN when the cleanup starts, the name of the result that says why
// not, or UNDECIDED of a zero Decision.
func (d Decision) String() string {
	switch {
	case d.Run:
		return "RUN"
	case d.Result == Completed: // no reason against a run is that
		return "UNDECIDED"
	}
	return d.Result.String()
}

// Decide says whether a cleanup starts at the time now, by mosparo's own
// rules: CleanupHelper::cleanup up to the point where it begins. A forced run
// does not ask the schedule.
func (p Policy) Decide(s State, now time.Time, forced bool) Decision {
	var d Decision
	d.Due, d.Grace, d.Reason = p.due(s, now)
	no := func(r Result, until time.Time) Decision {
		d.Result, d.Until = r, until
		return d
	}
	if !forced {
		if d.Due.After(now) {
			return no(NextCleanupInTheFuture, d.Due)
		}
		if s.Started != nil && s.Started.After(now.Add(-MarkerAge)) {
			return no(CleanupRunningAlready, s.Started.Add(MarkerAge))
		}
	}
	since := now.Add(-p.Unfinished())
	if s.NewestUnknown != nil && s.NewestUnknown.After(since) {
		return no(UnfinishedCleanupStatistic, s.NewestUnknown.Add(p.Unfinished()))
	}
	if s.ReadOnlyCache && s.Newest != nil && s.Newest.After(since) {
		return no(CleanupJustExecuted, s.Newest.Add(p.Unfinished()))
	}
	d.Run = true
	return d
}

// Reason is what makes a cleanup due at its time.
type Reason int

// The reasons.
const (
	// NothingPlanned: neither schedule nor statistic row; it is always one
	// interval away.
	NothingPlanned Reason = iota
	// RegularSchedule: mosparoNextCleanup.
	RegularSchedule
	// UnfinishedRun: mosparoAdditionalCleanup.
	UnfinishedRun
	// NewestRow: one interval after the newest statistic row, since the cache
	// has no schedule.
	NewestRow
)

// String says it in words.
func (r Reason) String() string {
	switch r {
	case RegularSchedule:
		return "regular schedule"
	case UnfinishedRun:
		return "unfinished run goes on"
	case NewestRow:
		return "one interval after the newest statistic row"
	}
	return "nothing planned yet"
}

// Why says in words what makes the cleanup due at its time, the grace period
// included.
func (d Decision) Why() string {
	if d.Grace == 0 {
		return d.Reason.String()
	}
	return fmt.Sprintf("%s, put off by the grace period of %d h", d.Reason, int(d.Grace/time.Hour))
}

// due is when an unforced cleanup is due, and how much of that is the grace
// period.
func (p Policy) due(s State, now time.Time) (due time.Time, grace time.Duration, why Reason) {
	if s.Additional != nil {
		return *s.Additional, 0, UnfinishedRun
	}
	switch {
	case s.Next != nil:
		due, why = *s.Next, RegularSchedule
	case s.Newest != nil:
		due, why = s.Newest.Add(p.Interval()), NewestRow
	default:
		due = now.Add(p.Interval())
	}
	if p.GracePeriod {
		grace = p.TokenAge()
	}
	return due.Add(grace), grace, why
}

// Outcome is what a run leaves in the cache.
type Outcome struct {
	Result Result
	Status Status
	// Additional is when an unfinished cleanup goes on, nil after a complete
	// one.
	Additional *time.Time
	// Next is the next regular cleanup.
	Next time.Time
}

// Finish is the end of a run at the time now.
func (p Policy) Finish(complete bool, now time.Time) Outcome {
	o := Outcome{Result: Completed, Status: StatusComplete, Next: now.Add(p.Interval())}
	if !complete {
		again := now.Add(p.Unfinished())
		o.Result, o.Status, o.Additional = Unfinished, StatusIncomplete, &again
	}
	return o
}
