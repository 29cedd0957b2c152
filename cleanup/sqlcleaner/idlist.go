package sqlcleaner

import (
	"slices"
	"strconv"
	"strings"
)

// A condition may have as many ids as a page, with 19 digits each and none next
// to another. The limits of the databases:
//
//   - SQLite: 500 SELECT or VALUES terms of a compound (an IN list has no limit),
//     an expression depth of 1,000, 32,766 parameters (999 before 3.32), and a
//     statement of 1 MB. An OR of more than a few ranges makes it read the
//     whole table. So it gets one range or one list of all ids without
//     parameters: at most 200 kB.
//   - MySQL and MariaDB: max_allowed_packet, 1 MB on the oldest; 65,535
//     parameters; the memory of the range optimizer (range_optimizer_max_mem_size,
//     8 MB, some 30,000 ids). MariaDB makes a join with a
//     temporary table of an IN list of 1,000 (in_predicate_conversion_threshold)
//     or more, and then chooses itself which rows it reads, and so locks; see
//     maxList.
//   - PostgreSQL: 65,535 parameters, 1 GB of text, and max_stack_depth, which no
//     list of OR or IN comes near, since it is kept flat.

// maxList is how many ids an IN list has at most, except on SQLite.
const maxList = 500

// idIn returns the SQL condition that a column has one of the ids, which ascend.
func (d Dialect) idIn(column string, ids []int64) string {
	if len(ids) == 0 {
		return "1 = 0"
	}
	if last := ids[len(ids)-1]; len(ids) > 1 && last-ids[0] == int64(len(ids)-1) {
		return column + " BETWEEN " + strconv.FormatInt(ids[0], 10) + " AND " + strconv.FormatInt(last, 10)
	}
	if d == SQLite {
		return column + " IN (" + joinIDs(ids) + ")"
	}
	ranges, single := splitRanges(ids)
	parts := make([]string, 0, len(ranges)+1)
	for _, r := range ranges {
		parts = append(parts, column+" BETWEEN "+strconv.FormatInt(r[0], 10)+" AND "+strconv.FormatInt(r[1], 10))
	}
	for part := range slices.Chunk(single, maxList) {
		parts = append(parts, column+" IN ("+joinIDs(part)+")")
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// splitRanges divides ascending ids into ranges of three or more consecutive ids, and the
// rest.
func splitRanges(ids []int64) (ranges [][2]int64, single []int64) {
	for i := 0; i < len(ids); {
		end := i
		for end+1 < len(ids) && ids[end+1] == ids[end]+1 {
			end++
		}
		if end-i < 2 {
			single = append(single, ids[i:end+1]...)
		} else {
			ranges = append(ranges, [2]int64{ids[i], ids[end]})
		}
		i = end + 1
	}
	return ranges, single
}

func joinIDs(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}
