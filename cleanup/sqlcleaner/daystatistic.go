package sqlcleaner

import (
	"context"
	"time"
)

// days deletes the days that are past their project's limit.
func (c *cleaning) days(ctx context.Context) (finished bool, err error) {
	for _, s := range c.storages() {
		if err := c.sweep(ctx, "day_statistic", "date", s.first, s.projects); err != nil {
			return false, err
		}
	}
	return true, nil
}

// storage are mosparo's limits of the day statistics. FOREVER keeps all, and
// any other text counts as 14D.
var storage = map[string]struct{ years, months int }{
	"1M": {0, 1}, "2M": {0, 2}, "3M": {0, 3}, "6M": {0, 6}, "1Y": {1, 0}, "2Y": {2, 0},
}

// storages are the first day that is kept, and the condition on the projects of
// which it is.
func (c *cleaning) storages() (all []struct{ first, projects string }) {
	add := func(first time.Time, limit string) {
		day := first.Format(time.DateOnly)
		if c.d.dialect == SQLite {
			// There mosparo compares the text of the date with one that has a
			// time behind it, so that the first day goes as well.
			day += dayStart
		}
		all = append(all, struct{ first, projects string }{day, "project_id IN (SELECT id FROM project WHERE statistic_storage_limit " + limit + ")"})
	}
	today := c.now.In(c.d.zone)
	known := "'FOREVER'"
	for name, s := range storage {
		add(today.AddDate(-s.years, -s.months, 0), "= '"+name+"'")
		known += ", '" + name + "'"
	}
	add(today.AddDate(0, 0, -14), "NOT IN ("+known+")")
	return all
}

// dayStart is what mosparo compares a date with on SQLite has behind it.
const dayStart = " 00:00:00"
