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
	noLink := regexp.MustCompile(`(?:^|[\s(])(\[\*?(?:\w+\.)?[A-Z]\w*(?:\.[A-Z]\w*)*\])`)
	for dir, pkg := range all {
		eachComment(pkg, func(where, text string) {
			eachBlock(pkg.Parser().Parse(text).Content, func(b comment.Block) {
				paragraph, ok := b.(*comment.Paragraph)
				if !ok {
					return
				}
				for _, part := range paragraph.Text {
					if plain, ok := part.(comment.Plain); ok {
						require.NotRegexp(t, noLink, string(plain), "%s %s", dir, where)
					}
				}
			})
		})
	}
}

// notRun has the examples without output, which go test only compiles, and the reason.
var notRun = map[string]string{
	"cache/cachetest Conformance":       "a test",
	"cache/redisadapter ":               "needs Redis",
	"cleanup/cleanuptest Conformance":   "a test",
	"cleanup/cleanuptest Simulation":    "a test",
	"cleanup/cleanuptest _cluster":      "cleanup/cleanuptest TestExample_ThePartitionOfANodeEndsItsRunAndAnotherCleans",
	"cssstore/csshttp WithGenerator":    "",
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
		files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			require.NoError(t, err)
			for _, e := range doc.Examples(f) {
				runs := e.Output != "" || e.EmptyOutput
				require.Equal(t, runs, notRun[dir+" "+e.Name] == "", "%s: Example%s", dir, e.Name)
				requireTest(t, notRun[dir+" "+e.Name])
			}
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
