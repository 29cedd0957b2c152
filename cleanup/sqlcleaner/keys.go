package sqlcleaner

import (
	"strconv"
	"strings"
)

// keys is the condition that a column has one of the ids, which ascend: ranges
// where one follows the other, as they do when all of a time go, and the rest
// one by one. A range holds no id that was not asked for.
func keys(column string, ids []int64) string {
	var parts, single []string
	for i := 0; i < len(ids); {
		end := i
		for end+1 < len(ids) && ids[end+1] == ids[end]+1 {
			end++
		}
		if end-i < 2 {
			for _, id := range ids[i : end+1] {
				single = append(single, strconv.FormatInt(id, 10))
			}
		} else {
			parts = append(parts, column+" BETWEEN "+strconv.FormatInt(ids[i], 10)+" AND "+strconv.FormatInt(ids[end], 10))
		}
		i = end + 1
	}
	if len(single) > 0 {
		parts = append(parts, column+" IN ("+strings.Join(single, ",")+")")
	}
	if len(parts) == 0 {
		return "1 = 0"
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}
