package schema_test

import (
	"context"
	"database/sql"
	"fmt"

	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
)

// A database for a test of a program that cleans.
func Example() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:schema?mode=memory&cache=shared")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	fmt.Println(schema.Create(ctx, db, sqlcleaner.SQLite))
	// The tables are those that a node expects.
	fmt.Println(sqlcleaner.New(db, sqlcleaner.SQLite).Check(ctx, cleanup.Policy{}, cleanup.Snapshot{}))
	// Output:
	// <nil>
	// <nil>
}
