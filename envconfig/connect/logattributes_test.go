package connect_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The documentation of the package lists the attributes that all packages log.
func TestLog_ItsAttributesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "# The log\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n// # ")
	var documented []string
	for _, line := range regexp.MustCompile(`(?m)^//\t([a-z_, ]+?)  `).FindAllStringSubmatch(section, -1) {
		documented = append(documented, strings.Split(line[1], ", ")...)
	}
	require.True(t, slices.IsSorted(documented[2:]), "in order, after the ids")
	slices.Sort(documented)
	logged := map[string]bool{}
	for _, dir := range []string{"cache", "lock", "cleanup", "cssstore", "envconfig"} {
		collectAttributes(t, filepath.Join("..", "..", dir), logged)
	}
	require.Equal(t, documented, slices.Sorted(maps.Keys(logged)))
}

// collectAttributes adds the names of all attributes in the sources below a directory.
func collectAttributes(t *testing.T, dir string, names map[string]bool) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "secrettest") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isAttribute(call) {
				name, ok := call.Args[0].(*ast.BasicLit)
				require.True(t, ok, "%s: the name of an attribute is a constant text", path)
				text, err := strconv.Unquote(name.Value)
				require.NoError(t, err)
				names[text] = true
			}
			return true
		})
		return nil
	}))
}

// isAttribute reports whether a call makes a slog.Attr.
func isAttribute(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) != 2 {
		return false
	}
	pkg, ok := f.X.(*ast.Ident)
	return ok && pkg.Name == "slog" && slices.Contains([]string{"String", "Int", "Int64", "Uint64", "Float64", "Bool", "Time", "Duration", "Any", "Group"}, f.Sel.Name)
}
