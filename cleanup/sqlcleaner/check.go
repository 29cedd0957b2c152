package sqlcleaner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// needed are the columns that this package reads and writes.
var needed = map[string]string{
	"project":            "id, statistic_storage_limit",
	"submit_token":       "id, created_at, last_submission_id",
	"submission":         "id, submitted_at, spam, valid, submit_token_id",
	"partial_submission": "id, submit_token_id",
	"detection_result":   "id, submission_id",
	"delay":              "id, valid_until",
	"lockout":            "id, valid_until",
	"day_statistic":      "id, date, project_id",
	"cleanup_statistic":  "id, date_time, cleanup_executor, cleanup_status",
}

// quote is the name of a table that is a word of SQL somewhere.
func (d Dialect) quote(table string) string {
	if d == MySQL {
		return "`" + table + "`"
	}
	return `"` + table + `"`
}

// forUpdate keeps the chosen rows from being changed until the transaction
// ends, where a transaction does not do that by itself.
func (d Dialect) forUpdate() string {
	if d == SQLite {
		return ""
	}
	return " FOR UPDATE"
}

// Ping looks into the database as mosparo's health check does.
func (d *DB) Ping(ctx context.Context) error {
	_, err := d.ids(ctx, "SELECT id FROM project ORDER BY id LIMIT 1")
	return err
}

// Check is a [cleanup.Check]: the tables are mosparo's, the server takes
// writes, and the zone of the stored times is the one that was configured.
func (d *DB) Check(ctx context.Context, s cleanup.State) error {
	for table, columns := range needed {
		rows, err := d.db.QueryContext(ctx, "SELECT "+columns+" FROM "+d.dialect.quote(table)+" WHERE 1 = 0")
		if err != nil {
			return fmt.Errorf("%w: table %s is not mosparo's: %w", cleanup.ErrRefused, table, err)
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
	}
	if err := d.checkWritable(ctx); err != nil {
		return err
	}
	return d.checkZone(ctx, s)
}

func (d *DB) checkWritable(ctx context.Context) error {
	var query string
	switch d.dialect {
	case MySQL:
		query = "SELECT @@global.read_only"
	case PostgreSQL:
		query = "SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END"
	default:
		return nil
	}
	n, err := d.number(ctx, query)
	if err == nil && n != 0 {
		err = fmt.Errorf("%w: the database server is read-only", cleanup.ErrRefused)
	}
	return err
}

// ahead is how far in the future a stored time may be.
const ahead = 5 * time.Minute

// checkZone compares the configured zone with that of the times in the cache,
// which carry theirs (UTC says nothing: Go nodes write it), and with stored
// times, which must not be in the future.
func (d *DB) checkZone(ctx context.Context, s cleanup.State) error {
	for _, t := range []*time.Time{s.Started, s.Next, s.Additional} {
		if t == nil || t.Location() == time.UTC || strings.EqualFold(t.Location().String(), "UTC") {
			continue
		}
		_, theirs := t.Zone()
		if _, ours := t.In(d.zone).Zone(); ours != theirs {
			return fmt.Errorf("%w: a PHP node has the time zone %s, this node is set to %s", cleanup.ErrRefused, t.Location(), d.zone)
		}
	}
	now := time.Now()
	limit := now.Add(ahead)
	if _, before := now.Add(-time.Hour).In(d.zone).Zone(); before != zoneOffset(now, d.zone) {
		limit = limit.Add(time.Hour) // the hour that comes twice
	}
	for _, c := range [][2]string{{"submit_token", "created_at"}, {"submission", "submitted_at"}, {"cleanup_statistic", "date_time"}} {
		n, err := d.number(ctx, "SELECT COUNT(*) FROM "+c[0]+" WHERE "+c[1]+" > ?", d.stamp(limit))
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: %d times in %s.%s lie in the future, so PHP's time zone is not the %s of this node", cleanup.ErrRefused, n, c[0], c[1], d.zone)
		}
	}
	return nil
}

func zoneOffset(t time.Time, loc *time.Location) int {
	_, off := t.In(loc).Zone()
	return off
}
