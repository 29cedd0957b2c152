package doctor_test

import (
	"context"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// Each exported function has a row: what panics for a programmer's mistake, and nil where
// there is none.
func TestArguments(t *testing.T) {
	rows := map[string]map[string]func(){
		"Settings": {"doctor.Settings: s is nil": func() { doctor.Settings(nil) }},
		"Examine": {
			"doctor.Examine: s is nil":              func() { doctor.Examine(context.Background(), nil) },
			"doctor.Examine: opts has a nil Option": func() { doctor.Examine(context.Background(), &envconfig.Settings{}, nil) },
		},
		"ACLs": {
			"doctor.ACLs: s is nil":              func() { doctor.ACLs(nil, "node", cleanup.ModeClean) },
			"doctor.ACLs: opts has a nil Option": func() { doctor.ACLs(&envconfig.Settings{}, "node", cleanup.ModeClean, nil) },
		},
		"Grants":      nil,
		"Worst":       nil,
		"WithConnect": nil,
		"WithLockURL": nil,
		"WithMode":    nil,
		"WithMySQL":   nil,
		"WithWrites":  nil,
		"WithZone":    {"doctor.WithZone: zone is nil": func() { doctor.WithZone(nil) }},
	}
	require.Empty(t, doctor.Grants(sqlcleaner.SQLite, "node", cleanup.ModeClean))
	require.Equal(t, doctor.Note, doctor.Worst(nil))
	for _, f := range exported(t) {
		mistakes, ok := rows[f.Name]
		require.True(t, ok, "%s has no row", f.Name)
		for says, mistake := range mistakes {
			require.PanicsWithValue(t, says, mistake)
		}
	}
}

func exported(t *testing.T) []*doc.Func {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files := token.NewFileSet()
	var sources []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			f, err := parser.ParseFile(files, path, nil, 0)
			require.NoError(t, err)
			sources = append(sources, f)
		}
	}
	p, err := doc.NewFromFiles(files, sources, "doctor")
	require.NoError(t, err)
	functions := p.Funcs
	for _, typ := range p.Types {
		functions = append(functions, typ.Funcs...)
	}
	require.NotEmpty(t, functions)
	return functions
}
