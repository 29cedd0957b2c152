package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// maxClockDifference is how far two clocks may differ, and so how far in the future a
// stored time may be.
const maxClockDifference = 5 * time.Minute

// checkZone compares the configured zone with what reveals PHP's: the zones of the times
// in the cache, stored times in the future, and the last run.
func (d *DB) checkZone(ctx context.Context, p cleanup.Policy, s cleanup.Snapshot) error {
	for _, t := range []*time.Time{s.Started, s.Next, s.Additional} {
		if err := d.checkMarker(p, t); err != nil {
			return err
		}
	}
	if err := d.checkFuture(ctx); err != nil {
		return err
	}
	return d.checkLastRun(ctx, p, s)
}

func offset(t time.Time, loc *time.Location) int {
	_, seconds := t.In(loc).Zone()
	return seconds
}

// checkMarker compares the zone of a time in the cache. UTC reveals nothing, since Go nodes
// write it. A named zone has to have the same offset over the whole retention time, an
// offset without a name only at its own time.
func (d *DB) checkMarker(p cleanup.Policy, t *time.Time) error {
	if t == nil || t.Location() == time.UTC || strings.EqualFold(t.Location().String(), "UTC") {
		return nil
	}
	theirs, at := t.Location(), []time.Time{*t}
	named, err := time.LoadLocation(theirs.String())
	if err != nil && strings.Contains(theirs.String(), "/") { // a region, no abbreviation and no offset
		return refuse("the time zone %s of a PHP node cannot be loaded (%w): install the zone database, or import time/tzdata into the program", theirs, err)
	}
	if err == nil && theirs.String() != "" {
		now := time.Now()
		theirs, at = named, []time.Time{*t, now, now.AddDate(0, 0, -retentionDays(p))}
	}
	for _, at := range at {
		if offset(at, theirs) != offset(at, d.zone) {
			return refuse("a PHP node has the time zone %s, this node is set to %s", t.Location(), d.zone)
		}
	}
	return nil
}

// newestPossible returns the newest text that a column can hold if its zone is loc and the
// clock that wrote it is up to maxClockDifference ahead. During an hour that is repeated
// when clocks are set back, rows of its first time look up to an hour ahead.
func newestPossible(now time.Time, loc *time.Location) string {
	local := now.In(loc)
	_, shift := local.Zone()
	clock := now.UTC().Add(time.Duration(shift)*time.Second + maxClockDifference)
	if back := offset(now.Add(-time.Hour), loc) - shift; back > 0 {
		clock = clock.Add(time.Duration(back) * time.Second)
	}
	return max(clock.Format(time.DateTime), local.Add(maxClockDifference).Format(time.DateTime))
}

// maxZoneDifference is how far two zones are apart at most: +14:00 and -12:00.
const maxZoneDifference = 26 * time.Hour

// checkFuture refuses stored times in the future, which it finds by their indexes. Times
// that no zone explains are ignored and logged.
func (d *DB) checkFuture(ctx context.Context) error {
	now := time.Now()
	limit, far := newestPossible(now, d.zone), d.stamp(now.Add(maxZoneDifference))
	for _, c := range [][2]string{{"submit_token", "created_at"}, {"submission", "submitted_at"}, {"cleanup_statistic", "date_time"}} {
		table, column := c[0], c[1]
		newest, err := d.readTexts(ctx, "SELECT "+d.dialect.asText("MAX("+column+")")+" FROM "+table+" WHERE "+column+" <= ?", far)
		if err != nil {
			return err
		}
		if text := newest[0]; text > limit {
			return refuse("the newest %s.%s is %s, in the future of the time zone %s of this node: PHP's time zone is another, or its clock is wrong", table, column, text, d.zone)
		}
		if err := d.warnOfFuture(ctx, table, column, far); err != nil {
			return err
		}
	}
	return nil
}

// maxWarnings is how many rows of a table are logged.
const maxWarnings = 10

// warnOfFuture logs rows after a time, each once.
func (d *DB) warnOfFuture(ctx context.Context, table, column, after string) error {
	return d.retryOutage(ctx, opRead, func() error {
		return d.scanRows(ctx, d.db, func(rows *sql.Rows) error {
			var id int64
			var at string
			if err := rows.Scan(&id, &at); err != nil {
				return err
			}
			if _, before := d.warned.LoadOrStore(fmt.Sprint(table, id), true); !before {
				d.logger.LogAttrs(ctx, slog.LevelWarn, "a stored time is further in the future than any time zone explains; the row stays",
					slog.String("table", table), slog.Int64("row_id", id), slog.String("column", column), slog.String("stored_time", at))
			}
			return nil
		}, fmt.Sprintf("SELECT id, %s FROM %s WHERE %s > ? ORDER BY %s DESC, id LIMIT %d", d.dialect.asText(column), table, column, column, maxWarnings), after)
	})
}

// checkClock compares this node's clock with the database server's: to a clock that is
// days ahead all rows would have expired. SQLite uses the node's own clock.
func (d *DB) checkClock(ctx context.Context) error {
	now := map[Dialect]string{MySQL: "UTC_TIMESTAMP()", PostgreSQL: "now() AT TIME ZONE 'UTC'"}[d.dialect]
	if now == "" {
		return nil
	}
	all, err := d.readTexts(ctx, "SELECT "+d.dialect.asText(now))
	if err != nil {
		return err
	}
	theirs, err := time.Parse(time.DateTime, all[0])
	if err != nil {
		return err
	}
	if ours := time.Now().UTC(); ours.Sub(theirs).Abs() > maxClockDifference {
		return refuse("the clock of this node shows %s, the database server's %s (UTC)", ours.Format(time.DateTime), all[0])
	}
	return nil
}

// checkLastRun compares the time of the last run with what the cache has of it. checkFuture
// cannot find a zone that is east of that of the rows.
func (d *DB) checkLastRun(ctx context.Context, p cleanup.Policy, s cleanup.Snapshot) error {
	rows, err := d.Recent(ctx, maxWarnings)
	if err != nil {
		return err
	}
	far := time.Now().Add(maxZoneDifference)
	rows = slices.DeleteFunc(rows, func(r cleanup.Run) bool { return r.Time.After(far) })
	if len(rows) == 0 || rows[0].Status == cleanup.StatusUnknown {
		return nil
	}
	if started, ok := s.GoRuns[rows[0].ID]; ok {
		return d.checkGoRun(rows[0], started)
	}
	return d.checkSchedule(p, s, rows)
}

// zoneStep divides the difference of any two zones.
const zoneStep = 15 * time.Minute

// checkGoRun compares the row of a Go node's run with the moment at which that run started.
// A difference that no zones explain is that of another run: the database or the cache was
// restored from a backup.
func (d *DB) checkGoRun(row cleanup.Run, started time.Time) error {
	have, want := row.Time.In(d.zone).Format(time.DateTime), d.stamp(started)
	ahead := clockOf(have).Sub(clockOf(want))
	if ahead == 0 || ahead%zoneStep != 0 || ahead.Abs() > maxZoneDifference {
		return nil
	}
	return refuse("a Go node noted cleanup %d at %s, when it was %s in the time zone %s of this node; if the other zone was wrong, wait for a cleanup of a PHP node", row.ID, have, want, d.zone)
}

// clockOf returns a stamp as a time that can be compared with another one.
func clockOf(stamp string) time.Time {
	t, _ := time.Parse(time.DateTime, stamp) // it was formatted so
	return t
}

// checkSchedule compares the time of the last run with the schedule, which a node writes at
// the end of its run: if they fit together in UTC and not in this node's zone, PHP's zone
// is UTC.
func (d *DB) checkSchedule(p cleanup.Policy, s cleanup.Snapshot, rows []cleanup.Run) error {
	if s.Next == nil {
		return nil
	}
	end := s.Next.Add(-p.ProcessInterval)
	fits := func(loc *time.Location) bool {
		t := rows[0].Time
		began := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
		return end.Sub(began.Add(rows[0].Duration)).Abs() < maxClockDifference
	}
	if !fits(d.zone) && fits(time.UTC) {
		return refuse("the last cleanup was noted in the time zone UTC, this node is set to %s", d.zone)
	}
	return nil
}
