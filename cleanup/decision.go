package cleanup

import (
	"cmp"
	"fmt"
	"time"
)

// markerAge is how long mosparoCleanupStartedAt keeps unforced cleanups from
// starting, in mosparo's CleanupHelper.
const markerAge = 5 * time.Minute

// Snapshot is the state of schedule and statistics from which a [Decision] follows.
// A nil time is not set: an absent key or a stored null, which mosparo treats alike.
type Snapshot struct {
	// Next, Additional and Started are mosparo's three keys in the shared cache;
	// Started is the marker.
	Next, Additional, Started *time.Time
	// Newest is the time of the newest run in the statistics, of any status.
	Newest *time.Time
	// NewestUnknown is the time of the newest run of [StatusUnknown]: it is under
	// way, or its node has crashed.
	NewestUnknown *time.Time
	// GoRuns are the times at which runs of Go nodes started, by id, from the cache: their
	// rows have no zone. Only a [Checker] gets them.
	GoRuns map[int64]time.Time
	// ReadOnlyCache is true if the start of a cleanup cannot be saved in the
	// cache.
	ReadOnlyCache bool
}

// Decision says whether the cleanup starts now, and why not.
type Decision struct {
	// Run is true if the cleanup starts now.
	Run bool
	// Result says why it does not start. It has no meaning if Run is true or the
	// Decision is zero.
	Result Result
	// Due is when an unforced cleanup is due.
	Due time.Time
	// Reason says what determines Due: "regular_schedule" (mosparoNextCleanup),
	// "unfinished_run" (mosparoAdditionalCleanup), "newest_run" (one interval after
	// the newest run, since the cache has no schedule) or "nothing_planned" (neither
	// schedule nor run; the cleanup is always one interval away). [Decision.Why] has
	// it for people.
	Reason string
	// Grace is the part of Due that is the grace period, 0 without one.
	Grace time.Duration
	// Until is when the obstacle ends that Result names: Due, or the time up to which
	// the marker or a run of unknown status counts. It is zero if Run is true.
	Until time.Time
}

// String returns "run" if the cleanup starts, otherwise the result, or "undecided" for
// a zero Decision.
func (d Decision) String() string {
	switch {
	case d.Run:
		return "run"
	case d.Result == ResultCompleted: // prevents no run
		return "undecided"
	}
	return d.Result.String()
}

// Decide returns whether a cleanup starts at the time now, by the rules of mosparo's
// CleanupHelper::cleanup. A forced run ignores schedule and marker. Durations of zero
// count as mosparo's defaults.
func (p Policy) Decide(s Snapshot, now time.Time, forced bool) Decision {
	p = p.WithDefaults()
	var d Decision
	d.Due, d.Grace, d.Reason = p.due(s, now)
	no := func(r Result, until time.Time) Decision {
		d.Result, d.Until = r, until
		return d
	}
	if !forced {
		if d.Due.After(now) {
			return no(ResultNotDue, d.Due)
		}
		if s.Started != nil && s.Started.After(now.Add(-markerAge)) {
			return no(ResultAlreadyRunning, s.Started.Add(markerAge))
		}
	}
	since := now.Add(-p.UnfinishedInterval)
	if s.NewestUnknown != nil && s.NewestUnknown.After(since) {
		return no(ResultRunPending, s.NewestUnknown.Add(p.UnfinishedInterval))
	}
	if s.ReadOnlyCache && s.Newest != nil && s.Newest.After(since) {
		return no(ResultJustExecuted, s.Newest.Add(p.UnfinishedInterval))
	}
	d.Run = true
	return d
}

// What determines when a cleanup is due, as in Decision.Reason.
const (
	reasonSchedule      = "regular_schedule"
	reasonUnfinishedRun = "unfinished_run"
	reasonNewestRun     = "newest_run"
	reasonNothing       = "nothing_planned"
)

// reasonSentences are the reasons for people.
var reasonSentences = map[string]string{
	reasonSchedule:      "regular schedule",
	reasonUnfinishedRun: "an unfinished run is continued",
	reasonNewestRun:     "one interval after the newest run",
	reasonNothing:       "nothing planned yet",
}

// Why returns the reason in words, with the grace period.
func (d Decision) Why() string {
	why := reasonSentences[cmp.Or(d.Reason, reasonNothing)]
	if d.Grace > 0 {
		why += fmt.Sprintf(", put off by the grace period of %d h", int(d.Grace/time.Hour))
	}
	return why
}

// due returns when an unforced cleanup is due, how much of that is the grace
// period, and what determines it. The policy has its defaults.
func (p Policy) due(s Snapshot, now time.Time) (due time.Time, grace time.Duration, reason string) {
	if s.Additional != nil {
		return *s.Additional, 0, reasonUnfinishedRun
	}
	switch {
	case s.Next != nil:
		due, reason = *s.Next, reasonSchedule
	case s.Newest != nil:
		due, reason = s.Newest.Add(p.ProcessInterval), reasonNewestRun
	default:
		due, reason = now.Add(p.ProcessInterval), reasonNothing
	}
	if p.GracePeriod {
		grace = p.SubmitTokenRetention
	}
	return due.Add(grace), grace, reason
}
