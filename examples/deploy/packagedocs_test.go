package deploy_test

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// packageDocs returns the documentation of all packages of the module by directory.
var packageDocs = sync.OnceValues(func() (map[string]*doc.Package, error) {
	all := map[string]*doc.Package{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		dir, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		pkg, err := packageDoc(path, "github.com/mosparo/go-cluster/"+filepath.ToSlash(dir))
		if pkg != nil {
			all[filepath.ToSlash(dir)] = pkg
		}
		return err
	})
	return all, err
})

// packageDoc reads the documentation of a directory, nil if it has no package.
func packageDoc(dir, path string) (*doc.Package, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, nil
	}
	return doc.NewFromFiles(fset, files, path)
}

// eachComment calls f with every doc comment that the page of a package shows.
func eachComment(pkg *doc.Package, f func(where, text string)) {
	values := func(all []*doc.Value) {
		for _, v := range all {
			f(v.Names[0], v.Doc)
		}
	}
	funcs := func(owner string, all []*doc.Func) {
		for _, fn := range all {
			f(owner+fn.Name, fn.Doc)
		}
	}
	f("package", pkg.Doc)
	values(pkg.Consts)
	values(pkg.Vars)
	funcs("", pkg.Funcs)
	for _, typ := range pkg.Types {
		f(typ.Name, typ.Doc)
		values(typ.Consts)
		values(typ.Vars)
		funcs("", typ.Funcs)
		funcs(typ.Name+".", typ.Methods)
	}
}

// eachBlock calls f with every block of a comment, those of lists included.
func eachBlock(blocks []comment.Block, f func(comment.Block)) {
	for _, b := range blocks {
		f(b)
		if list, ok := b.(*comment.List); ok {
			for _, item := range list.Items {
				eachBlock(item.Content, f)
			}
		}
	}
}

// Code in doc comments is formatted Go that uses names which exist.
func TestPackageDocs_CodeIsValid(t *testing.T) {
	all, err := packageDocs()
	require.NoError(t, err)
	excerpts := 0
	for dir, pkg := range all {
		eachComment(pkg, func(where, text string) {
			eachBlock(pkg.Parser().Parse(text).Content, func(b comment.Block) {
				// Other blocks are tables, SQL and command lines.
				if b, ok := b.(*comment.Code); ok && regexp.MustCompile(`:=|\bfunc\b|(?m)^(const|err =|type|var) `).MatchString(b.Text) {
					excerpts++
					requireExcerpt(t, dir+" "+where, b.Text)
				}
			})
		})
	}
	require.Greater(t, excerpts, 30)
}

// A name in brackets is a link, which it is only if the name exists and is exported.
func TestPackageDocs_LinksLeadSomewhere(t *testing.T) {
	all, err := packageDocs()
	require.NoError(t, err)
	noLink := regexp.MustCompile(`(?:^|[\s(])(\[\*?(?:\w+\.)?(?:[A-Z]\w*(?:\.[A-Z]\w*)*|[a-z]+[A-Z]\w*)\])`)
	for dir, pkg := range all {
		eachComment(pkg, func(where, text string) {
			eachBlock(pkg.Parser().Parse(text).Content, func(b comment.Block) {
				paragraph, ok := b.(*comment.Paragraph)
				if !ok {
					return
				}
				for _, part := range paragraph.Text {
					switch part := part.(type) {
					case comment.Plain:
						require.NotRegexp(t, noLink, string(part), "%s %s", dir, where)
					case *comment.DocLink: // to another package, whose names the parser does not know
						if target, ours := strings.CutPrefix(part.ImportPath, "github.com/mosparo/go-cluster/"); ours && part.Name != "" {
							require.NotNil(t, all[target], "%s %s: %s", dir, where, part.ImportPath)
							require.Contains(t, append(exported(all[target]), members(all[target])...), strings.TrimPrefix(part.Recv+"."+part.Name, "."), "%s %s", dir, where)
						}
					}
				}
			})
		})
	}
}

// members returns the methods and fields of a package as Type.Name: pages have an anchor for
// each.
func members(pkg *doc.Package) (names []string) {
	for _, typ := range pkg.Types {
		for _, m := range typ.Methods {
			names = append(names, typ.Name+"."+m.Name)
		}
		ast.Inspect(typ.Decl, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok {
				for _, name := range f.Names {
					names = append(names, typ.Name+"."+name.Name)
				}
			}
			return true
		})
	}
	return names
}

// withServer are the packages whose examples need a server, and are compiled only.
var withServer = []string{"cache/cachetest/servers", "cache/redisadapter", "lock/memcachedlocker", "lock/redislocker"}

// A page begins with what the package is for, and shows its most common use, which runs.
func TestPackageDocs_BeginWithAUse(t *testing.T) {
	all, err := packageDocs()
	require.NoError(t, err)
	for dir, pkg := range all {
		if strings.Contains(dir, "internal") || strings.HasPrefix(dir, "examples") || strings.HasPrefix(dir, ".ci") || pkg.Name == "main" {
			continue
		}
		first, _, _ := strings.Cut(pkg.Doc, "\n\n")
		require.Regexp(t, "^Package "+pkg.Name+" [a-z]", first, dir)
		examples := examplesOf(t, dir)
		require.NotEmpty(t, examples, dir)
		runs := false
		for _, e := range examples {
			runs = runs || e.Output != "" || e.EmptyOutput
		}
		require.Equal(t, !slices.Contains(withServer, dir), runs, "%s: an example that runs", dir)
		if !strings.HasSuffix(dir, "test") { // the pages of suites and fakes show these
			require.True(t, slices.ContainsFunc(examples, func(e *doc.Example) bool { return e.Name == "" }), "%s: an example of the package", dir)
		}
	}
}

// examplesOf returns the examples of a package.
func examplesOf(t *testing.T, dir string) []*doc.Example {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*_test.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, f)
	}
	return doc.Examples(files...)
}

// requireExcerpt checks that a text is formatted Go, in which a line "…" stands for what is
// left out, and that names of this module's packages exist.
func requireExcerpt(t *testing.T, where, text string) {
	t.Helper()
	text = regexp.MustCompile(`(?m)^(\t*)(…|\.\.\.)$`).ReplaceAllString(text, "$1// ...")
	formatted, err := format.Source([]byte(text))
	require.NoError(t, err, "%s:\n%s", where, text)
	inLine := regexp.MustCompile(`(?m) +//`) // the excerpt may align comments as it likes
	plain := func(code string) string { return strings.TrimSpace(inLine.ReplaceAllString(code, " //")) }
	require.Equal(t, plain(string(formatted)), plain(text), "%s: run gofmt", where)
	f, err := parseExcerpt(text)
	require.NoError(t, err, where)
	all, err := packageDocs()
	require.NoError(t, err)
	local := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok {
					local[id.Name] = true
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				local[id.Name] = true
			}
		}
		return true
	})
	ast.Inspect(f, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := selector.X.(*ast.Ident)
		if !ok || local[id.Name] {
			return true
		}
		for dir, pkg := range all {
			if dir == "cache/cachetest/servers" { // servers is more often a variable
				continue
			}
			if pkg.Name == id.Name && !strings.Contains(dir, "internal/") && !strings.HasPrefix(dir, "examples/") {
				require.Contains(t, exported(pkg), selector.Sel.Name, "%s: %s has no %s", where, dir, selector.Sel.Name)
			}
		}
		return true
	})
}

// parseExcerpt parses a file, declarations, or statements.
func parseExcerpt(text string) (f *ast.File, err error) {
	for _, around := range [][2]string{{"", ""}, {"package p\n", ""}, {"package p\nfunc _() {\n", "\n}"}} {
		f, err = parser.ParseFile(token.NewFileSet(), "", around[0]+text+around[1], 0)
		if err == nil {
			break
		}
	}
	return f, err
}

// exported returns the exported names of a package.
func exported(pkg *doc.Package) (names []string) {
	values := func(all []*doc.Value) {
		for _, v := range all {
			names = append(names, v.Names...)
		}
	}
	funcs := func(all []*doc.Func) {
		for _, f := range all {
			names = append(names, f.Name)
		}
	}
	values(pkg.Consts)
	values(pkg.Vars)
	funcs(pkg.Funcs)
	for _, typ := range pkg.Types {
		names = append(names, typ.Name)
		values(typ.Consts)
		values(typ.Vars)
		funcs(typ.Funcs)
	}
	return names
}
