package sqlcleaner

import (
	"context"
	"database/sql"
	"time"
)

// project is what the day statistics need of one.
type project struct {
	id    int64
	limit string
}

// dayStatistics deletes the days that are past each project's limit.
func (c *cleaning) dayStatistics(ctx context.Context) error {
	projects, err := c.projects(ctx)
	if err != nil {
		return err
	}
	for _, p := range projects {
		first, ok := c.firstDay(p.limit)
		if !ok {
			continue
		}
		day := first.Format(time.DateOnly)
		if c.d.dialect == SQLite {
			// There mosparo compares the text of the date with one that has a
			// time behind it, so that the first day goes as well.
			day += " 00:00:00"
		}
		if err := c.delete(ctx, "day_statistic", "project_id = ? AND date < ?", p.id, day); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (c *cleaning) projects(ctx context.Context) (all []project, err error) {
	err = retry(ctx, func() error {
		all = nil
		rows, err := c.d.db.QueryContext(ctx, "SELECT id, statistic_storage_limit FROM project ORDER BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p project
			var limit sql.NullString
			if err := rows.Scan(&p.id, &limit); err != nil {
				return err
			}
			p.limit = limit.String
			all = append(all, p)
		}
		return rows.Err()
	})
	return all, err
}

// firstDay is the first day that is kept; false if all are. A limit that mosparo
// does not know counts as 14 days.
func (c *cleaning) firstDay(limit string) (time.Time, bool) {
	t := c.now.In(c.d.zone)
	switch limit {
	case "FOREVER":
		return t, false
	case "1M":
		return t.AddDate(0, -1, 0), true
	case "2M":
		return t.AddDate(0, -2, 0), true
	case "3M":
		return t.AddDate(0, -3, 0), true
	case "6M":
		return t.AddDate(0, -6, 0), true
	case "1Y":
		return t.AddDate(-1, 0, 0), true
	case "2Y":
		return t.AddDate(-2, 0, 0), true
	default:
		return t.AddDate(0, 0, -14), true
	}
}
