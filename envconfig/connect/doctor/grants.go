package doctor

import (
	"slices"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// Grants returns the GRANT statements for the rights that a Go node needs in mosparo's
// database, and no others: to read the projects with their designs and, with
// [cleanup.ModeClean], to clean. The user is inserted as it is; see [sqlcleaner.Grants].
// SQLite has no users, so there are none for it.
//
// A program that saves hashes of designs (mosparoctl css warm) also needs UPDATE (value) on
// project_config_value.
func Grants(d sqlcleaner.Dialect, user string, m cleanup.Mode) []string {
	if d == sqlcleaner.SQLite {
		return nil
	}
	all := sqlcleaner.ReadGrants(d, user)
	if m == cleanup.ModeClean {
		all = sqlcleaner.Grants(d, user)
	}
	all = append(all, "GRANT SELECT ON project_config_value TO "+user)
	slices.Sort(all)
	return all
}
