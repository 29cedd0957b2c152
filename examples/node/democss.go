package main

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/design"
)

//go:embed demo/public
var demoFiles embed.FS

// demoPublic returns the stand-in for mosparo's folder public.
func demoPublic() (fs.FS, error) { return fs.Sub(demoFiles, "demo/public") }

// The names of the generated projects, and the colours of their texts and borders.
var (
	demoNames   = []string{"Contact form", "Newsletter", "Shop"}
	demoColours = []string{"rgb(0, 90, 160)", "rgb(160, 30, 30)", "rgb(20, 120, 60)"}
)

// makeDemoCSS adds projects with designs to the generated cluster, and prepares their CSS
// as a PHP node would have done.
func makeDemoCSS(ctx context.Context, db *sql.DB, pool *cache.Pool) error {
	public, err := demoPublic()
	if err != nil {
		return err
	}
	base, err := fs.ReadFile(public, strings.TrimPrefix(csshttp.DefaultBaseCSS, "/"))
	if err != nil {
		return err
	}
	exec := func(query string, args ...any) {
		if err == nil {
			_, err = db.ExecContext(ctx, query, args...)
		}
	}
	store := cachestore.New(pool)
	for i, colour := range demoColours {
		id := i + 1
		project, parseErr := cssstore.ParseUUID(fmt.Sprintf("0b0e7ab6-2b1c-4c1e-9a44-0123456789a%x", 0xa+i))
		if parseErr != nil {
			return parseErr
		}
		rows := []design.Row{{Name: "designMode", Value: "advanced"}, {Name: "colorText", Value: colour}, {Name: "colorBorder", Value: colour}, {Name: "colorCheckbox", Value: colour}}
		r, prepareErr := design.Prepare(project, rows, base)
		if prepareErr != nil {
			return prepareErr
		}
		exec("INSERT INTO project (id, uuid, name, statistic_storage_limit) VALUES (?, ?, ?, '14D') ON CONFLICT (id) DO UPDATE SET uuid = excluded.uuid, name = excluded.name", id, project.String(), demoNames[i])
		for name, v := range map[string]string{"designMode": "advanced", "colorText": colour, "colorBorder": colour, "colorCheckbox": colour, "designConfigHash": r.Hash.String()} {
			exec("INSERT INTO project_config_value (project_id, name, value) VALUES (?, ?, ?)", id, name, fmt.Sprintf("s:%d:%q;", len(v), v))
		}
		if err == nil {
			err = store.Put(ctx, r)
		}
	}
	return err
}
