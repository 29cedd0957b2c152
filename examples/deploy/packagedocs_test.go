package deploy_test

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
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

// notRun has the examples without output, which go test only compiles, and the reason.
var notRun = map[string]string{
	"cache/cachetest Conformance":       "a test",
	"cache/cachetest/servers ":          "needs Redis",
	"cache/redisadapter ":               "needs Redis",
	"cleanup/cleanuptest Conformance":   "a test",
	"cleanup/cleanuptest Simulation":    "a test",
	"cleanup/cleanuptest _cluster":      "cleanup/cleanuptest TestExample_ThePartitionOfANodeEndsItsRunAndAnotherCleans",
	"cssstore/cssstoretest Conformance": "a test",
	"envconfig/connect Node_Run":        "needs a cluster",
	"envconfig/connect Open":            "needs a cluster",
	"envconfig/connect Open_fakes":      "envconfig/connect TestExampleOpen_fakes",
	"lock/locktest Conformance":         "a test",
	"lock/memcachedlocker ":             "needs memcached",
	"lock/redislocker ":                 "needs Redis",
}

// Every other example is run.
func TestPackageDocs_ExamplesRun(t *testing.T) {
	all, err := packageDocs()
	require.NoError(t, err)
	for dir := range all {
		for _, e := range examplesOf(t, dir) {
			why := notRun[dir+" "+e.Name]
			require.Equal(t, e.Output != "" || e.EmptyOutput, why == "", "%s: Example%s", dir, e.Name)
			requireTest(t, why)
		}
	}
}

// requireTest checks that a test exists if a text has the form "package TestName".
func requireTest(t *testing.T, text string) {
	t.Helper()
	if test := regexp.MustCompile(`^(\S+) (Test\w+)$`).FindStringSubmatch(text); test != nil {
		require.Contains(t, testsOf(t, test[1]), test[2])
	}
}
