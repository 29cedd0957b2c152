package cleanup

import (
	"cmp"
	"fmt"
	"time"
)

// Policy holds the five settings of mosparo's cleanup. A duration of zero is
// mosparo's default, so the zero Policy is that of a mosparo without settings.
// mosparo stores each duration as a whole number of a unit; see [Policy.Validate].
type Policy struct {
	// GracePeriod (MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED) delays an unforced
	// cleanup by SubmitTokenRetention, so that the cron job runs first.
	GracePeriod bool
	// SubmitTokenRetention (MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD) is how old a
	// submit token, or a submission that is neither spam nor valid, may become:
	// 1 to 24 hours, default 24.
	SubmitTokenRetention time.Duration
	// SubmissionRetention (MOSPARO_SUBMISSION_RETENTION_PERIOD) is how long a
	// submission is kept: 1 to 14 calendar days of 24 hours, default 14.
	SubmissionRetention time.Duration
	// ProcessInterval (MOSPARO_CLEANUP_PROCESS_INTERVAL) is the time from one
	// cleanup to the next: 1 to 24 hours, default 6.
	ProcessInterval time.Duration
	// UnfinishedInterval (MOSPARO_CLEANUP_UNFINISHED_INTERVAL) is the time after
	// which an unfinished cleanup is continued, and for which a run of unknown
	// status keeps others from starting: 1 to 360 minutes, default 10.
	UnfinishedInterval time.Duration
}

// The longest intervals that mosparo accepts.
const (
	longestProcessInterval    = 24 * time.Hour
	longestUnfinishedInterval = 360 * time.Minute
)

const day = 24 * time.Hour

// setting is a duration of a policy with mosparo's range and unit.
type setting struct {
	name       string
	value      *time.Duration
	unit       time.Duration
	unitName   string
	most       int
	defaultsTo int
}

func (p *Policy) settings() []setting {
	return []setting{
		{"SubmitTokenRetention", &p.SubmitTokenRetention, time.Hour, "hours", 24, 24},
		{"SubmissionRetention", &p.SubmissionRetention, day, "days", 14, 14},
		{"ProcessInterval", &p.ProcessInterval, time.Hour, "hours", int(longestProcessInterval / time.Hour), 6},
		{"UnfinishedInterval", &p.UnfinishedInterval, time.Minute, "minutes", int(longestUnfinishedInterval / time.Minute), 10},
	}
}

// Validate returns an error that names the field, its unit and its range if a
// duration is not zero and is not one that mosparo can store. mosparo itself
// replaces such a setting by the default, and so does package envconfig, with a
// warning; a Policy in a program is refused, since 90 minutes in place of an hour
// are a mistake.
func (p Policy) Validate() error {
	for _, s := range p.settings() {
		v := *s.value
		if v != 0 && (v%s.unit != 0 || v < s.unit || v > time.Duration(s.most)*s.unit) {
			return fmt.Errorf("cleanup: Policy.%s is %v, want 1 to %d whole %s", s.name, v, s.most, s.unitName)
		}
	}
	return nil
}

// WithDefaults returns the policy with mosparo's default for each duration of
// zero.
func (p Policy) WithDefaults() Policy {
	for _, s := range p.settings() {
		*s.value = cmp.Or(*s.value, time.Duration(s.defaultsTo)*s.unit)
	}
	return p
}

// markerAge is how long mosparoCleanupStartedAt keeps unforced cleanups from
// starting, in mosparo's CleanupHelper.
const markerAge = 5 * time.Minute

// Snapshot is what a node reads before it decides. A nil time is not set: an
// absent key or a stored null, which mosparo treats alike.
type Snapshot struct {
	// Next, Additional and Started are mosparo's three keys in the shared cache.
	Next, Additional, Started *time.Time
	// Newest is the time of the newest run of any status in the
	// statistics.
	Newest *time.Time
	// NewestUnknown is the time of the newest run of unknown status: it is under
	// way, or its node has died.
	NewestUnknown *time.Time
	// ReadOnlyCache is true if the start of a cleanup cannot be saved in the
	// cache.
	ReadOnlyCache bool
}

// Decision is what follows from a Snapshot.
type Decision struct {
	// Run is true if the cleanup starts now.
	Run bool
	// Result says why it does not. It has no meaning with Run and in a zero
	// Decision, although its number is that of [ResultCompleted].
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
	// Until is when that which prevents the cleanup now ends: Due, or the end of
	// the time for which a marker or a run of unknown status counts. It is zero
	// with Run.
	Until time.Time
}

// String returns "run" when the cleanup starts, the result that says why it does
// not, or "undecided" for a zero Decision.
func (d Decision) String() string {
	switch {
	case d.Run:
		return "run"
	case d.Result == ResultCompleted: // prevents no run
		return "undecided"
	}
	return d.Result.String()
}

// Decide reports whether a cleanup starts at the time now, by the rules of
// mosparo's CleanupHelper::cleanup up to the point where it starts. A forced run
// ignores schedule and marker. Durations of zero count as mosparo's defaults.
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
	reasonUnfinishedRun: "unfinished run goes on",
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
