package deploy_test

import (
	"go/doc/comment"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// notRunHere has the command lines of documents that TestDocuments_CommandsRun does not run,
// and the test that runs them, or why none does.
var notRunHere = map[string]string{
	"cronlock report php bin/console app:report":  "examples/cronlock TestCronlock_RunsTheCommandOnOneOfThreeNodes",
	"export CGO_ENABLED=0":                        "program sets it",
	"git tag -s vX.Y.Z && git push origin vX.Y.Z": "publishes",
	"go mod tidy":                  "may load modules; .ci/deps runs it with -diff",
	"go mod tidy -diff":            ".ci/deps runs it",
	"go test ./...":                "runs this test",
	"go vet":                       ".ci/deps --vet runs it",
	"journalctl -u mosparo-node":   "needs systemd",
	"ssh -L 8081:127.0.0.1:8081 …": "needs another host",
	"systemctl daemon-reload":      "examples/deploy TestSystemd_UnitsAreValid",
	"systemctl disable --now mosparo-node.socket mosparo-node.service": "needs systemd",
	"systemctl enable --now mosparo-node.socket mosparo-node.service":  "examples/deploy TestSystemd_NodeTakesTheSocket",
	"systemctl restart mosparo-node":                                   "needs systemd",
}

var (
	inlineCommand = regexp.MustCompile("`((?:\\.ci/\\w+|curl|git|go|journalctl|mosparo(?:ctl|-node|-cleanupd) [^`]*--dir|ssh|systemctl) [^`]+)`")
	assignment    = regexp.MustCompile(`^[A-Z_]+=\S*$`) // a line of .env.local
)

// allCommands returns the command lines of the documents in their order, and of the doc
// comments of the examples, without those of the changelog and without repetition.
func allCommands(t *testing.T) (lines []string) {
	t.Helper()
	add := func(text string) {
		for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.Join(strings.Fields(line), " "); line != "" && !assignment.MatchString(line) && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	for _, d := range documents(t) {
		if d.path == "CHANGELOG.md" {
			continue
		}
		for _, text := range d.blocks["sh"] {
			add(text)
		}
		for _, m := range inlineCommand.FindAllStringSubmatch(d.prose, -1) {
			add(strings.ReplaceAll(m[1], "\n", " "))
		}
	}
	docs, err := packageDocs()
	require.NoError(t, err)
	for dir, pkg := range docs {
		if strings.HasPrefix(dir, "examples/") && pkg.Name == "main" {
			eachBlock(pkg.Parser().Parse(pkg.Doc).Content, func(b comment.Block) {
				if b, ok := b.(*comment.Code); ok {
					add(b.Text)
				}
			})
		}
	}
	return lines
}

// Every command line of the documents works as it stands there, but for addresses, ports
// and directories: on a node with a directory of mosparo and SQLite.
func TestDocuments_CommandsRun(t *testing.T) {
	lines := allCommands(t)
	for line, why := range notRunHere {
		require.Contains(t, lines, line, "no document has it any more")
		requireTest(t, why)
	}
	s := newSite(t)
	dir, etc := mosparoDir(t, nil), t.TempDir()
	tree(t, dir, map[string]string{
		".env": "APP_ENV=prod\n", ".env.local": "FILESYSTEM_CACHE_PATH=" + t.TempDir() + "\n",
		"public/build/mosparo-frontend.css": read(t, "../node/demo/public/build/mosparo-frontend.css"),
		"public/build/entrypoints.json":     `{"entrypoints":{"mosparo-frontend":{"css":["/build/mosparo-frontend.css"]}}}`,
	})
	clone, err := filepath.Abs(root)
	require.NoError(t, err)
	execute(t, open(t, "sqlite", filepath.Join(dir, "data.sqlite")),
		`INSERT INTO project_config_value (project_id, name, value) VALUES (1, 'designConfigHash', 's:64:"`+strings.Repeat("1", 64)+`";')`)
	command(t, program(t, "mosparoctl"), "css", "warm", "--dir", dir, "--save-hash") // as if the design had been saved
	s.php(11)
	s.node(11, "--dir", dir)
	here := strings.NewReplacer("/var/www/mosparo", dir, "/etc/systemd/system", etc, "/path/to/clone", clone, "127.0.0.1:8080", s.addr(11, 8080), "10.0.0.11/", s.addr(11, 80)+"/", "COMMAND", "true", "--min-hold 30s", "--min-hold 0s")
	ran := 0
	for _, line := range lines {
		if notRunHere[line] != "" {
			continue
		}
		ran++
		words := strings.Fields(s.translate(here.Replace(line)))
		switch start := strings.Join(words[:min(2, len(words))], " "); {
		case strings.HasPrefix(line, ".ci/"):
			requireUsage(t, line)
		case start == "go run", words[0] == "mosparo-node":
			args := words[1:]
			if start == "go run" {
				require.Equal(t, "./examples/node", words[2])
				args = words[3:]
			}
			s.node(12, append(args, "--drain", "0s")...).Stop()
		case start == "go build":
			require.Equal(t, "./examples/"+packages[filepath.Base(words[3])], words[4], line)
			cmd := exec.Command(words[0], words[1], words[2], os.DevNull, words[4])
			cmd.Dir = root
			require.NoError(t, cmd.Run(), line)
		case start == "go mod":
			module := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(module, "go.mod"), []byte("module example.com/x\n"), 0o644))
			cmd := exec.Command(words[0], words[1:]...)
			cmd.Dir = module
			require.NoError(t, cmd.Run(), line)
			require.Contains(t, read(t, filepath.Join(module, "go.mod")), "=> "+clone)
		case words[0] == "curl":
			command(t, servers.Find(t, "curl", "curl"), append(words[1:], "--fail")...)
		case words[0] == "cp":
			command(t, "/bin/sh", "-c", strings.Join(words, " "))
			copied, err := os.ReadDir(etc)
			require.NoError(t, err)
			require.Len(t, copied, 2, line)
		default:
			require.Equal(t, "mosparoctl", words[0], line)
			command(t, program(t, words[0]), words[1:]...)
		}
	}
	require.Greater(t, ran, 25)
}

// requireUsage checks that a script of the repository exists and takes the arguments of a
// command line.
func requireUsage(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(line)
	path := filepath.Join(root, words[0])
	info, err := os.Stat(path)
	require.NoError(t, err, line)
	require.NotZero(t, info.Mode()&0o100, "%s cannot be executed", words[0])
	usage := regexp.MustCompile(`(?m)^# usage: (.*)$`).FindString(read(t, path))
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") {
			require.Contains(t, usage, "["+w+"]", line)
		} else {
			require.Regexp(t, `\[[a-z]`, usage, line)
		}
	}
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

// The programs take the command lines of prose, which may name a group of commands or leave
// out --dir, and those of the shipped files.
func TestDocuments_CommandLinesAreValid(t *testing.T) {
	var lines []string
	for _, d := range documents(t) {
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
	require.Greater(t, len(lines), 20)
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
