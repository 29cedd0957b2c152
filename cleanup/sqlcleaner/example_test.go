package sqlcleaner_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// A node that cleans a database on SQLite. It says before what it would delete.
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

	pool := cache.NewPool(memoryadapter.New()) // of the cluster
	locker := lock.New(memorylocker.New())     // of the cluster
	defer locker.Close()
	s := cleanup.New(pool, locker, sqlcleaner.New(db, sqlcleaner.SQLite), cleanup.WithMode(cleanup.ModeClean))
	would, err := s.DryRun(ctx)
	fmt.Println("would delete", would.DeletedTokens, "tokens", err)
	a, err := s.TryRun(ctx, cleanup.ExecutorCommand)
	fmt.Println(a.Result, "deleted", a.Report.DeletedTokens, "tokens", err)
	// Output:
	// would delete 2 tokens <nil>
	// completed deleted 2 tokens <nil>
}
