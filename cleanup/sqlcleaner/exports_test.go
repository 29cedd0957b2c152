package sqlcleaner_test

import (
	"database/sql"
	"go/ast"
	"go/doc"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// Each exported function has a row: what panics for a programmer's mistake, and
// nil where zero and nil are the default or where people name what is wrong.
func TestExports_PanicForAProgrammersMistake(t *testing.T) {
	rows := map[string]map[string]func(){
		"New": {
			"opts has a nil Option": func() { sqlcleaner.New(&sql.DB{}, sqlcleaner.SQLite, nil) },
			"db is nil":             func() { sqlcleaner.New(nil, sqlcleaner.SQLite) },
			"dialect is Dialect(0)": func() { sqlcleaner.New(&sql.DB{}, 0) },
		},
		"WithZone":      {"loc is nil": func() { sqlcleaner.WithZone(nil) }},
		"WithReconnect": {"t is below zero": func() { sqlcleaner.WithReconnect(-1) }},
		"WithLogger":    nil,
		"WithProgress":  nil,
		"WithObserver":  nil,
		"NewEvent":      nil,
		"DialectOf":     nil,
		"Grants":        nil,
		"ReadGrants":    nil,
		"Migrations":    nil,
	}
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	fset := gotoken.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			f, err := parser.ParseFile(fset, path, nil, 0)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	p, err := doc.NewFromFiles(fset, files, "cleanup/sqlcleaner")
	require.NoError(t, err)
	funcs := p.Funcs
	for _, typ := range p.Types {
		funcs = append(funcs, typ.Funcs...)
	}
	require.NotEmpty(t, funcs)
	for _, f := range funcs {
		mistakes, ok := rows[f.Name]
		require.True(t, ok, "%s has no row", f.Name)
		for says, mistake := range mistakes {
			require.PanicsWithValue(t, "sqlcleaner: "+f.Name+": "+says, mistake)
		}
	}
}
