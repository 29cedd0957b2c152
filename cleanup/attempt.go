package cleanup

import "time"

// Attempt is the outcome of a TryRun. Its Decision is zero, and has no meaning,
// where the cache or the database could not be read.
type Attempt struct {
	Result   Result
	Decision Decision
	// Report is that of the cleaning, if it took place.
	Report Report
	// Duration is how long the cleaning took.
	Duration time.Duration
	// RetryAfter is when to try again at the earliest, 0 if the decision says.
	RetryAfter time.Duration
	// Stopped says why a run ended between two rounds although it had not
	// failed: it wraps [ErrConcurrentRun] or [ErrPaused].
	Stopped error
}

// request holds the parameters of an attempt.
type request struct {
	by     Executor
	limits Limits
	// policy decides; a forced attempt ignores schedule and marker.
	policy Policy
	forced bool
}

// TryOption changes one [Scheduler.TryRun].
type TryOption func(*request)

// WhenDue makes a forced executor obey the schedule, the marker and the grace
// period, as if it were a frontend. Its limits and its number stay.
func WhenDue() TryOption { return func(r *request) { r.forced = false } }

// mosparoLimits returns mosparo's limits for an executor. The web cron job has
// 80 % of PHP's execution time there, which a Go node does not have.
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
