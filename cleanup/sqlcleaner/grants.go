package sqlcleaner

import (
	"slices"
	"strings"
)

// Grants are the statements that give a user the rights which this package
// needs, and no others, in the current database. The user stands in them as
// it is given: "'node'@'%'" on MySQL, "node" on PostgreSQL. SQLite knows no
// users. Those that a user lacks are in the [RightsError] of [DB.CheckRights].
func Grants(d Dialect, user string) []string {
	if d == SQLite {
		return nil
	}
	return grants(d, user, rights())
}

// grants makes one statement for each table. The rights of a table stand together.
func grants(d Dialect, user string, all []right) (statements []string) {
	for i := 0; i < len(all); {
		table := all[i].table
		var verbs []string
		for ; i < len(all) && all[i].table == table; i++ {
			verb := all[i].verb
			if all[i].column != "" {
				verb += " (" + all[i].column + ")"
			}
			verbs = append(verbs, verb)
		}
		statements = append(statements, "GRANT "+strings.Join(verbs, ", ")+" ON "+d.quote(table)+" TO "+user)
	}
	return statements
}

// right is what may be done with a table, or with a column of it, and a
// statement that does it to no row.
type right struct{ table, verb, column, probe string }

// rights are all that this package needs.
func rights() (all []right) {
	for _, table := range append(sortedKeys(tables), migrationsTable) {
		all = append(all, right{table, "SELECT", "", "SELECT * FROM %s WHERE 1 = 0"})
		switch table {
		case "project", migrationsTable:
			continue
		case "submit_token":
			all = append(all, right{table, "UPDATE", "last_submission_id", "UPDATE %s SET last_submission_id = NULL WHERE 1 = 0"})
		case "cleanup_statistic":
			all = append(all,
				right{table, "INSERT", "", "INSERT INTO %s SELECT * FROM cleanup_statistic WHERE 1 = 0"},
				right{table, "UPDATE", "", "UPDATE %s SET cleanup_status = 0 WHERE 1 = 0"})
		}
		all = append(all, right{table, "DELETE", "", "DELETE FROM %s WHERE 1 = 0"})
	}
	return all
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
