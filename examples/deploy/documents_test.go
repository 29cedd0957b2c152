package deploy_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

// Links inside the repository lead somewhere.
func TestDocuments_LinksLeadSomewhere(t *testing.T) {
	links := 0
	for _, d := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(d.prose, -1) {
			if strings.Contains(m[1], ":") { // another site
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

// Programs in documents compile as they stand there, and excerpts are formatted Go that
// uses names which exist.
func TestDocuments_GoCodeIsValid(t *testing.T) {
	programs := 0
	for _, d := range documents(t) {
		for _, text := range d.blocks["go"] {
			requireExcerpt(t, d.path, text)
			if !strings.HasPrefix(text, "package main\n") {
				continue
			}
			programs++
			file := filepath.Join(t.TempDir(), "main.go")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			out, err := exec.CommandContext(t.Context(), "go", "vet", file).CombinedOutput()
			require.NoError(t, err, "%s: %s", d.path, out)
		}
	}
	require.Positive(t, programs)
}

// commandLines returns the command lines of a text that begin with one of the programs, also
// with go run.
func commandLines(text string) (all []string) {
	for name, dir := range packages {
		text = regexp.MustCompile(`(?m)go run \./examples/`+dir+`\b`).ReplaceAllString(text, name)
	}
	text = regexp.MustCompile(`(?m)^(go build|cp|systemctl) .*$`).ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile("(?m)(?:^|[ /`\"])((?:mosparoctl|mosparo-node|mosparo-cleanupd) [^\n`\"]*)").FindAllStringSubmatch(text, -1) {
		line, _, _ := strings.Cut(m[1], " # ")
		line, _, _ = strings.Cut(line, " -- ") // the command of "lock run"
		all = append(all, strings.TrimSpace(line))
	}
	return all
}

// The programs take every command line of the documents and the shipped files.
func TestDocuments_CommandLinesAreValid(t *testing.T) {
	var lines []string
	for _, d := range documents(t) {
		for _, text := range d.blocks["sh"] {
			lines = append(lines, commandLines(text)...)
		}
		for _, m := range regexp.MustCompile("`((?:go run \\./examples/|mosparo(?:ctl|-node|-cleanupd) [a-z-])[^`]*)`").FindAllStringSubmatch(d.prose, -1) {
			lines = append(lines, commandLines(strings.Join(strings.Fields(m[1]), " "))...)
		}
	}
	for _, job := range cronJobs(t) {
		lines = append(lines, commandLines(job)...)
	}
	for _, unit := range units(t) {
		if strings.HasSuffix(unit, ".service") {
			lines = append(lines, commandLines(setting(t, unit, "ExecStart"))...)
		}
	}
	require.Greater(t, len(lines), 25)
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		words := strings.Fields(strings.NewReplacer("$MOSPARO_NODE_ARGS", "--clean", "$MOSPARO_CLEANUPD_ARGS", "--zone UTC").Replace(line))
		out, err := exec.Command(program(t, words[0]), append(words[1:], "--help")...).CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, out)
		if usage := regexp.MustCompile(`(?m)^Usage:\n +(.* COMMAND)$`).FindStringSubmatch(string(out)); usage != nil {
			require.Equal(t, line+" COMMAND", usage[1], "no command") // a text may name a group of commands
		}
	}
}

// Every other command of the documents is one that exists: a script of the repository, a
// package, or a program of the system.
func TestDocuments_OtherCommandsExist(t *testing.T) {
	system := []string{"cp", "curl", "export", "git", "systemctl"}
	assignment := regexp.MustCompile(`^[A-Z_]+=\S*$`)
	for _, d := range documents(t) {
		for _, text := range d.blocks["sh"] {
			for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
				line, _, _ = strings.Cut(line, " # ")
				words := strings.Fields(line)
				switch {
				case len(words) == 0, strings.HasPrefix(words[0], "#"), packages[words[0]] != "":
				case assignment.MatchString(words[0]): // a line of .env.local
					require.Len(t, words, 1, "%s: %s", d.path, line)
				case words[0] == "go":
					require.Contains(t, []string{"build", "mod", "run", "test", "vet"}, words[1], "%s: %s", d.path, line)
				case strings.HasPrefix(words[0], ".ci/"):
					info, err := os.Stat(filepath.Join(root, words[0]))
					require.NoError(t, err, "%s: %s", d.path, line)
					require.NotZero(t, info.Mode()&0o100, "%s: %s cannot be executed", d.path, words[0])
				default:
					require.Contains(t, system, words[0], "%s: %s", d.path, line)
				}
				for _, w := range words {
					if strings.HasPrefix(w, "./examples/") || strings.HasPrefix(w, "examples/") {
						found, err := filepath.Glob(filepath.Join(root, w))
						require.NoError(t, err)
						require.NotEmpty(t, found, "%s: %s", d.path, line)
					}
				}
			}
		}
	}
}
