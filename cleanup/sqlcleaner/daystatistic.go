package sqlcleaner

import (
	"context"
	"time"
)

// dayStatistics deletes the days before the limit of their project.
func (c *cleaning) dayStatistics(ctx context.Context) (finished bool, err error) {
	for _, s := range c.dayLimits() {
		if err := c.sweep(ctx, "day_statistic", "date", s.first, s.projects); err != nil {
			return false, err
		}
	}
	return true, nil
}

// storageLimits are mosparo's limits of the day statistics. FOREVER keeps all days, and
// any other text counts as 14 days.
var storageLimits = map[string]struct{ years, months int }{
	"1M": {0, 1}, "2M": {0, 2}, "3M": {0, 3}, "6M": {0, 6}, "1Y": {1, 0}, "2Y": {2, 0},
}

// dayLimits returns the first day that is kept, with the SQL condition on the projects
// for which it is.
func (c *cleaning) dayLimits() (all []struct{ first, projects string }) {
	add := func(first time.Time, limit string) {
		day := first.Format(time.DateOnly)
		if c.d.dialect == SQLite {
			// On SQLite mosparo compares the text of the date with a text that has a
			// time of day, too, so that it deletes the first day as well.
			day += dayStart
		}
		all = append(all, struct{ first, projects string }{day, "project_id IN (SELECT id FROM project WHERE statistic_storage_limit " + limit + ")"})
	}
	today := c.now.In(c.d.zone)
	known := "'FOREVER'"
	for name, s := range storageLimits {
		add(today.AddDate(-s.years, -s.months, 0), "= '"+name+"'")
		known += ", '" + name + "'"
	}
	add(today.AddDate(0, 0, -14), "NOT IN ("+known+")")
	return all
}

// dayStart is the time of day that mosparo adds to a date on SQLite.
const dayStart = " 00:00:00"
