package sqlcleaner

import (
	"slices"
	"strings"
)

// Grants returns the GRANT statements for the rights that this package needs in the current
// database, and no others. The user is inserted without quoting, such as "'node'@'%'" on
// MySQL and "node" on PostgreSQL. For SQLite, which has no users, it returns none.
// [DB.CheckRights] finds those that a user lacks.
func Grants(d Dialect, user string) []string {
	if d == SQLite {
		return nil
	}
	return grants(d, user, rights())
}

// ReadGrants is [Grants] without the rights to write: those of a node that only observes.
func ReadGrants(d Dialect, user string) []string {
	if d == SQLite {
		return nil
	}
	return grants(d, user, slices.DeleteFunc(rights(), func(r right) bool { return r.verb != "SELECT" }))
}

// grants returns one statement for each table. The rights of a table are consecutive.
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

// right is the right to do something with a table, or with a column of it, and a statement
// that needs it and matches no row.
type right struct{ table, verb, column, probe string }

// rights returns the rights that this package needs.
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
