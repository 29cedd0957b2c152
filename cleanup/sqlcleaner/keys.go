package sqlcleaner

import (
	"fmt"
	"strings"
)

// keys is the condition that a column has one of the ids, which ascend: ranges
// where one follows the other, as they do when all of a time go, and the rest
// one by one. A range holds no id that was not asked for.
func (d Dialect) keys(column string, ids []int64) string {
	var ranges, single []string
	between, sep := column+" BETWEEN %d AND %d", " OR "
	if d == SQLite {
		between, sep = "(%d, %d)", ", "
	}
	for i := 0; i < len(ids); {
		end := i
		for end+1 < len(ids) && ids[end+1] == ids[end]+1 {
			end++
		}
		if d != SQLite && end-i < 2 {
			for _, id := range ids[i : end+1] {
				single = append(single, fmt.Sprint(id))
			}
		} else {
			ranges = append(ranges, fmt.Sprintf(between, ids[i], ids[end]))
		}
		i = end + 1
	}
	var parts []string
	if len(ranges) > 0 {
		parts = append(parts, d.within(column, strings.Join(ranges, sep)))
	}
	if len(single) > 0 {
		parts = append(parts, column+" IN ("+strings.Join(single, ",")+")")
	}
	if len(parts) == 0 {
		return "1 = 0"
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// within is the condition of several ranges. SQLite takes an OR of more than a
// few for a reason to read the whole table, so it gets the numbers in them.
func (d Dialect) within(column, ranges string) string {
	if d != SQLite {
		return ranges
	}
	return column + " IN (WITH RECURSIVE r(n, last) AS (VALUES " + ranges + " UNION ALL SELECT n + 1, last FROM r WHERE n < last) SELECT n FROM r)"
}
