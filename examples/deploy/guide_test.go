package deploy_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// guide returns the text of a section of the guide, or all of it.
func guide(t *testing.T, section string) string {
	t.Helper()
	text := read(t, "README.md")
	if section == "" {
		return text
	}
	_, text, ok := strings.Cut(text, "\n## "+section+"\n")
	require.True(t, ok, section)
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// rows returns the rows of the table of a section, without its head.
func rows(t *testing.T, section string) (all [][]string) {
	t.Helper()
	for line := range strings.Lines(guide(t, section)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			all = append(all, cells)
		}
	}
	require.Greater(t, len(all), 2)
	return all[2:]
}

var (
	link     = regexp.MustCompile(`\]\(([^)]+)\)`)
	code     = regexp.MustCompile("`([^`]+)`")
	testName = regexp.MustCompile(`^Test\w+$`)
)

// Each of mosparo's 17 statements has an answer, and what proves it exists.
func TestGuide_AnswersEachStatement(t *testing.T) {
	statements := rows(t, "mosparo's statements on several nodes")
	require.Len(t, statements, 17)
	for i, row := range statements {
		require.Len(t, row, 4, row)
		require.True(t, strings.HasPrefix(row[0], fmt.Sprintf("%d. ", i+1)), row[0])
		require.NotEmpty(t, row[1])
		if i+1 == 17 { // a request to operators
			continue
		}
		pkg := ""
		for _, m := range code.FindAllStringSubmatch(row[3], -1) {
			if !testName.MatchString(m[1]) {
				pkg = m[1]
				continue
			}
			require.Contains(t, testsOf(t, pkg), m[1])
		}
		require.NotEmpty(t, pkg, row[0])
	}
}

// testsOf returns the tests of a package of this module.
func testsOf(t *testing.T, pkg string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pkg), "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, pkg)
	for _, f := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

// The table of files has all of them.
func TestGuide_KnowsTheFiles(t *testing.T) {
	var listed []string
	for _, row := range rows(t, "The files") {
		dir := "."
		for _, m := range link.FindAllStringSubmatch(row[0], -1) {
			dir = filepath.Dir(m[1])
			listed = append(listed, m[1])
		}
		require.NotEqual(t, ".", dir, row[0])
	}
	var shipped []string
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".go" && path != "README.md" {
			shipped = append(shipped, filepath.ToSlash(path))
		}
		return err
	}))
	require.ElementsMatch(t, shipped, listed)
}

// keyRow is a row of the table of keys.
type keyRow struct {
	patterns cache.KeyPatterns
	lifetime time.Duration // 0: none
}

func keyRows(t *testing.T) (all []keyRow) {
	t.Helper()
	for _, row := range rows(t, "Every key in the shared cache") {
		var k keyRow
		for _, m := range code.FindAllStringSubmatch(row[0], -1) {
			k.patterns = append(k.patterns, m[1])
		}
		switch m := regexp.MustCompile(`(\d+) (day|hour|minute|second)s?$`).FindStringSubmatch(row[2]); {
		case row[2] == "none":
		case m != nil:
			n, err := time.ParseDuration(m[1] + map[string]string{"day": "h", "hour": "h", "minute": "m", "second": "s"}[m[2]])
			require.NoError(t, err)
			k.lifetime = n * map[string]time.Duration{"day": 24, "hour": 1, "minute": 1, "second": 1}[m[2]]
		default:
			require.Equal(t, "`MOSPARO_RULE_ITEMS_CACHE_TTL`", row[2])
			k.lifetime = time.Hour // its default
		}
		all = append(all, k)
	}
	return all
}

// The table of keys has the keys of the library.
func TestGuide_KnowsTheKeys(t *testing.T) {
	var listed []string
	for _, k := range keyRows(t) {
		listed = append(listed, k.patterns...)
	}
	for _, p := range connect.KeyPatterns() {
		p = strings.TrimPrefix(p, "{not}")
		switch p {
		case "mosparoGo{any}": // the prefix of all of them
		case "mosparoGoCss_{any}":
			require.Contains(t, listed, "mosparoGoCss_{uuid}")
		default:
			require.Contains(t, listed, p)
		}
	}
}

// requireKnownKeys checks that the guide knows all keys on a server, and their lifetimes.
func requireKnownKeys(t *testing.T, client *redis.Client) (keys []string) {
	t.Helper()
	all := keyRows(t)
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		i := slices.IndexFunc(all, func(k keyRow) bool { return k.patterns.Match(key) })
		require.GreaterOrEqual(t, i, 0, "the guide does not know the key %s", key)
		left, err := client.PTTL(context.WithoutCancel(t.Context()), key).Result()
		require.NoError(t, err)
		switch {
		case left == -2: // gone meanwhile
		case all[i].lifetime == 0:
			require.Equal(t, time.Duration(-1), left, key)
		default:
			require.Positive(t, left, key)
			require.LessOrEqual(t, left, all[i].lifetime+time.Minute, key) // of a lock, after its lease
		}
	}
	return keys
}
