package sqlcleaner_test

import (
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

func TestConformance(t *testing.T) {
	for _, dialect := range []sqlcleaner.Dialect{sqlcleaner.SQLite, sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			db := create(t, dialect)
			cleanuptest.Conformance(t, func(t *testing.T) cleanup.Database {
				db.empty()
				due := time.Now().UTC().Add(-30 * time.Hour).Format(time.DateTime)
				db.exec("INSERT INTO project (id) VALUES (1)")
				db.exec("INSERT INTO submit_token (project_id, token, created_at) VALUES (1, 'due', '" + due + "')")
				return sqlcleaner.New(db.DB, dialect)
			})
		})
	}
}
