package sqlcleaner

import (
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// stamp returns a time as mosparo's columns hold it: whole seconds of local time, without
// the zone.
func (d *DB) stamp(t time.Time) string { return t.In(d.zone).Format(time.DateTime) }

// retentionDays returns how many calendar days a submission is kept.
func retentionDays(p cleanup.Policy) int { return int(p.SubmissionRetention / (24 * time.Hour)) }
