package deploy_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the directory of the module.
const root = "../.."

// A document is a Markdown file of the module.
type document struct {
	path  string // from the root
	prose string // without code blocks
	// blocks are its code blocks by language.
	blocks map[string][]string
}

var fence = regexp.MustCompile("(?ms)^[ \t]*```(\\w*)\n(.*?)^[ \t]*```$")

// documents returns all Markdown files of the module.
func documents(t *testing.T) (all []document) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			all = append(all, readDocument(t, path))
		}
		return nil
	}))
	require.Greater(t, len(all), 6)
	return all
}

func readDocument(t *testing.T, path string) document {
	t.Helper()
	text := read(t, path)
	name, err := filepath.Rel(root, path)
	require.NoError(t, err)
	d := document{path: filepath.ToSlash(name), prose: fence.ReplaceAllString(text, ""), blocks: map[string][]string{}}
	require.NotContains(t, d.prose, "```", "%s: a block without an end", d.path)
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		d.blocks[m[1]] = append(d.blocks[m[1]], m[2])
	}
	return d
}

// anchors returns the anchors that GitHub gives to the headings of a document.
func (d document) anchors() (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(d.prose, -1) {
		a := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		all = append(all, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(a, ""))
	}
	return all
}

// Links inside the repository lead somewhere, those to other sites are well-formed.
func TestDocuments_LinksLeadSomewhere(t *testing.T) {
	links := 0
	for _, d := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(d.prose, -1) {
			if strings.Contains(m[1], ":") { // another site
				site, err := url.Parse(m[1])
				require.NoError(t, err, d.path)
				require.Equal(t, "https", site.Scheme, "%s: %s", d.path, m[1])
				require.Regexp(t, `^[a-z.]+\.[a-z]+$`, site.Host, "%s: %s", d.path, m[1])
				continue
			}
			links++
			path, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join(root, filepath.Dir(d.path), path)
			if path == "" {
				target = filepath.Join(root, d.path)
			}
			require.False(t, strings.HasPrefix(path, "/"), "%s: %s", d.path, m[1])
			_, err := os.Stat(target)
			require.NoError(t, err, "%s: %s", d.path, m[1])
			if anchor != "" {
				require.Contains(t, readDocument(t, target).anchors(), anchor, "%s: %s", d.path, m[1])
			}
		}
	}
	require.Greater(t, links, 30)
}

// Paths in prose, such as `cache/php` and `.ci/lint`, exist.
func TestDocuments_PathsExist(t *testing.T) {
	path := regexp.MustCompile(`^(?:\./)?((?:\.ci|\.github|cache|lock|cleanup|cssstore|envconfig|examples)/[\w./-]*\w)(?: .*)?$`)
	for _, d := range documents(t) {
		for _, m := range code.FindAllStringSubmatch(d.prose, -1) {
			if p := path.FindStringSubmatch(m[1]); p != nil {
				_, err := os.Stat(filepath.Join(root, filepath.FromSlash(p[1])))
				require.NoError(t, err, "%s: `%s`", d.path, m[1])
			}
		}
	}
}
