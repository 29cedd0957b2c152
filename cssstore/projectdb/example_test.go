package projectdb_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
)

func Example() {
	ctx := context.Background()
	sqlDB, err := sql.Open("sqlite", "file:example?mode=memory&cache=shared") // envconfig names a node's own
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sqlDB.Close()
	if err := schema.Create(ctx, sqlDB, sqlcleaner.SQLite); err != nil { // a cluster has the tables
		fmt.Println(err)
		return
	}
	if _, err := sqlDB.ExecContext(ctx, "INSERT INTO project (uuid) VALUES ('0b0e7ab6-2b1c-4c1e-9a44-0123456789ab')"); err != nil {
		fmt.Println(err)
		return
	}

	db := projectdb.New(sqlDB, sqlcleaner.SQLite)
	projects, err := db.Projects(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range projects {
		rows, err := db.Rows(ctx, p.UUID)
		if err != nil {
			fmt.Println(err)
			return
		}
		d, err := design.New(rows)
		fmt.Println(p.UUID, "prepared:", d.Hash() == p.Hash, err)
	}
	// Output: 0b0e7ab6-2b1c-4c1e-9a44-0123456789ab prepared: false <nil>
}
