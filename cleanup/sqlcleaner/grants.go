package sqlcleaner

// Grants are the statements that give a user the rights which this package
// needs, and no others, in the current database. The user stands in them as
// it is given: "'node'@'%'" on MySQL, "node" on PostgreSQL. SQLite knows no
// users.
func Grants(d Dialect, user string) []string {
	if d == SQLite {
		return nil
	}
	var all []string
	for _, table := range append(sortedKeys(tables), migrationsTable) {
		rights := "SELECT, DELETE"
		switch table {
		case "project", migrationsTable:
			rights = "SELECT"
		case "submit_token":
			rights = "SELECT, UPDATE (last_submission_id), DELETE"
		case "cleanup_statistic":
			rights = "SELECT, INSERT, UPDATE, DELETE"
		}
		all = append(all, "GRANT "+rights+" ON "+d.quote(table)+" TO "+user)
	}
	return all
}
