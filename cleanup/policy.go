package cleanup

import (
	"cmp"
	"fmt"
	"time"
)

// Policy holds the five settings of mosparo's cleanup. The zero Policy has mosparo's
// defaults, as has each duration of zero. mosparo stores a duration as a whole number of
// hours, days or minutes; see [Policy.Validate].
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

// The maximum intervals that mosparo accepts.
const (
	maxProcessInterval    = 24 * time.Hour
	maxUnfinishedInterval = 360 * time.Minute
)

const day = 24 * time.Hour

// setting is a duration of a policy with mosparo's range and unit.
type setting struct {
	name       string
	value      *time.Duration
	unit       time.Duration
	unitName   string
	max        int
	defaultsTo int
}

func (p *Policy) settings() []setting {
	return []setting{
		{"SubmitTokenRetention", &p.SubmitTokenRetention, time.Hour, "hours", 24, 24},
		{"SubmissionRetention", &p.SubmissionRetention, day, "days", 14, 14},
		{"ProcessInterval", &p.ProcessInterval, time.Hour, "hours", int(maxProcessInterval / time.Hour), 6},
		{"UnfinishedInterval", &p.UnfinishedInterval, time.Minute, "minutes", int(maxUnfinishedInterval / time.Minute), 10},
	}
}

// Validate returns an error if a duration is neither zero nor one that mosparo can
// store; it names the field, its unit and its range. mosparo itself replaces such a
// setting by the default, and so does package envconfig, with a warning.
func (p Policy) Validate() error {
	for _, s := range p.settings() {
		v := *s.value
		if v != 0 && (v%s.unit != 0 || v < s.unit || v > time.Duration(s.max)*s.unit) {
			return fmt.Errorf("cleanup: Policy.%s is %v, want 1 to %d whole %s", s.name, v, s.max, s.unitName)
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
