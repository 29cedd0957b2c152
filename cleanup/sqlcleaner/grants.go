package sqlcleaner

import "strings"

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
