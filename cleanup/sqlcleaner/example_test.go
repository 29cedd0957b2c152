package sqlcleaner_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
)

// What would go, and then the cleanup itself. A program passes the DB to
// cleanup.New instead, as both statistics and cleaner, and its Check to
// cleanup.WithCheck.
func Example() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:example?mode=memory&cache=shared&_txlock=immediate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	if err := schema.Create(ctx, db, sqlcleaner.SQLite); err != nil {
		fmt.Println(err)
		return
	}
	yesterday := time.Now().UTC().Add(-30 * time.Hour).Format(time.DateTime)
	if _, err := db.Exec("INSERT INTO submit_token (project_id, token, created_at) VALUES (1, 'a', ?), (1, 'b', ?)", yesterday, yesterday); err != nil {
		fmt.Println(err)
		return
	}

	d := sqlcleaner.New(db, sqlcleaner.SQLite)
	would, err := d.DryRun(ctx, cleanup.Policy{})
	fmt.Println("would delete", would.DeletedTokens, "tokens", err)
	report, err := d.Clean(ctx, cleanup.Job{})
	fmt.Println("deleted", report.DeletedTokens, "tokens", report.Finished, err)
	// Output:
	// would delete 2 tokens <nil>
	// deleted 2 tokens true <nil>
}
