package cleanup

import "time"

// Attempt is the outcome of a [Scheduler.TryRun].
type Attempt struct {
	Result Result
	// Decision is what the policy says. It is zero, and has no meaning, if the cache
	// or the database could not be read.
	Decision Decision
	// Report is what was deleted, zero if the cleaner was not called.
	Report Report
	// Duration is how long the cleaning took.
	Duration time.Duration
	// RetryAfter is the time until the next attempt makes sense, 0 if Decision.Until
	// says when.
	RetryAfter time.Duration
	// Stopped says why a run ended between two rounds although it had not
	// failed: it wraps [ErrConcurrentRun] or [ErrPaused].
	Stopped error
}

// request holds the parameters of an attempt.
type request struct {
	by     Executor
	limits Limits
	policy Policy
	forced bool // ignores schedule and marker
}

// TryOption changes one [Scheduler.TryRun].
type TryOption func(*request)

// WhenDue makes a forced executor obey the schedule, the marker and the grace
// period, as a frontend does. Its limits and its number in the statistics stay.
func WhenDue() TryOption { return func(r *request) { r.forced = false } }

// mosparoLimits returns mosparo's limits for an executor. In mosparo the web cron job
// has 80 % of PHP's max_execution_time, which a Go node does not have.
func mosparoLimits(e Executor) Limits {
	switch e {
	case ExecutorCommand, ExecutorWebCronJob:
		return Limits{}
	default:
		return Limits{Rounds: 10, Time: 1500 * time.Millisecond}
	}
}

// decide applies policy, pause and foreign record to a snapshot.
func (r request) decide(v fullSnapshot) Attempt {
	a := Attempt{Decision: r.policy.Decide(v.Snapshot, time.Now(), r.forced)}
	switch {
	case v.pause != nil:
		a.Decision.Run, a.Decision.Result, a.Decision.Until = false, ResultPaused, v.pause.Until
	case v.foreign:
		a.Decision.Run, a.Decision.Result, a.Decision.Until = false, ResultAlreadyRunning, time.Time{}
	}
	a.Result = a.Decision.Result
	return a
}
