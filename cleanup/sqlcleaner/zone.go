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

// ahead is how far in the future a stored time may be, and how far two clocks
// may differ.
const ahead = 5 * time.Minute

// checkZone compares the configured zone with all that tells PHP's: the zones
// of the times in the cache, stored times in the future, and the last run.
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

// checkMarker compares the zone of a time in the cache. UTC says nothing: Go
// nodes write it. A named zone has to agree over all the time whose rows are
// looked at, a mere offset for its own time.
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

// newestPossible is the newest text that a column can hold if its zone is loc:
// what a clock that is ahead shows, also when it is set forward or back
// meanwhile. While an hour comes for the second time, the text of its first
// time is up to an hour ahead.
func newestPossible(now time.Time, loc *time.Location) string {
	local := now.In(loc)
	_, shift := local.Zone()
	clock := now.UTC().Add(time.Duration(shift)*time.Second + ahead)
	if back := offset(now.Add(-time.Hour), loc) - shift; back > 0 {
		clock = clock.Add(time.Duration(back) * time.Second)
	}
	return max(clock.Format(time.DateTime), local.Add(ahead).Format(time.DateTime))
}

// mostZones is how far the clocks of two zones are apart at most: +14:00 and
// -12:00.
const mostZones = 26 * time.Hour

// checkFuture looks for stored times in the future. Their indexes make that
// cheap on tables of any size. One that no zone can explain is left alone, and
// logged.
func (d *DB) checkFuture(ctx context.Context) error {
	now := time.Now()
	limit, far := newestPossible(now, d.zone), d.stamp(now.Add(mostZones))
	for _, c := range [][2]string{{"submit_token", "created_at"}, {"submission", "submitted_at"}, {"cleanup_statistic", "date_time"}} {
		table, column := c[0], c[1]
		newest, err := d.texts(ctx, "SELECT "+d.dialect.text("MAX("+column+")")+" FROM "+table+" WHERE "+column+" <= ?", far)
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

// mostWarnings is how many rows of a table are named.
const mostWarnings = 10

// warnOfFuture logs rows that lie after a time, each once.
func (d *DB) warnOfFuture(ctx context.Context, table, column, after string) error {
	return d.persist(ctx, func() error {
		return d.each(ctx, d.db, func(rows *sql.Rows) error {
			var id int64
			var at string
			if err := rows.Scan(&id, &at); err != nil {
				return err
			}
			if _, before := d.warned.LoadOrStore(fmt.Sprint(table, id), true); !before {
				d.logger.LogAttrs(ctx, slog.LevelWarn, "a stored time is further in the future than any time zone explains; the row stays",
					slog.String("table", table), slog.Int64("id", id), slog.String("column", column), slog.String("time", at))
			}
			return nil
		}, fmt.Sprintf("SELECT id, %s FROM %s WHERE %s > ? ORDER BY %s DESC, id LIMIT %d", d.dialect.text(column), table, column, column, mostWarnings), after)
	})
}

// checkClock compares this node's clock with the database server's: one that is
// days ahead would take everything for old. SQLite has the node's own.
func (d *DB) checkClock(ctx context.Context) error {
	now := map[Dialect]string{MySQL: "UTC_TIMESTAMP()", PostgreSQL: "now() AT TIME ZONE 'UTC'"}[d.dialect]
	if now == "" {
		return nil
	}
	all, err := d.texts(ctx, "SELECT "+d.dialect.text(now))
	if err != nil {
		return err
	}
	theirs, err := time.Parse(time.DateTime, all[0])
	if err != nil {
		return err
	}
	if ours := time.Now().UTC(); ours.Sub(theirs).Abs() > ahead {
		return refuse("the clock of this node shows %s, the database server's %s (UTC)", ours.Format(time.DateTime), all[0])
	}
	return nil
}

// checkLastRun compares the time of the last run with the next one, which a
// node plans at its end: if the row was written in UTC, while this node reads
// it in another zone, PHP's zone is UTC. Times in the future cannot tell that to a
// node east of it.
func (d *DB) checkLastRun(ctx context.Context, p cleanup.Policy, s cleanup.Snapshot) error {
	if s.Next == nil {
		return nil
	}
	rows, err := d.Recent(ctx, mostWarnings)
	if err != nil {
		return err
	}
	far := time.Now().Add(mostZones)
	rows = slices.DeleteFunc(rows, func(r cleanup.Run) bool { return r.Time.After(far) })
	if len(rows) == 0 || rows[0].Status == cleanup.StatusUnknown {
		return nil
	}
	end := s.Next.Add(-p.ProcessInterval)
	fits := func(loc *time.Location) bool {
		t := rows[0].Time
		began := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
		return end.Sub(began.Add(rows[0].Duration)).Abs() < ahead
	}
	if !fits(d.zone) && fits(time.UTC) {
		return refuse("the last cleanup was noted in the time zone UTC, this node is set to %s", d.zone)
	}
	return nil
}
