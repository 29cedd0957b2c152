package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachCommand calls do for every command that help shows, and that runs.
func eachCommand(t *testing.T, do func(t *testing.T, path string, c command)) {
	t.Helper()
	var walk func(path string, all []command)
	walk = func(path string, all []command) {
		for _, c := range shown(all) {
			name := strings.TrimSpace(path + " " + c.name)
			if c.run != nil {
				t.Run(name, func(t *testing.T) { do(t, name, c) })
			}
			walk(name, c.sub)
		}
	}
	walk("", commands())
}

// The commands that print no data: a script reads only their exit codes, or they print what
// another program is to read.
var printsNoData = []string{
	"cache set", "cache delete", "cleanup resume", "css put", "css rm", "lock run", "completion", "debug value encode",
}

func TestCommands_HaveHelpWithExamplesAndFlags(t *testing.T) {
	eachCommand(t, func(t *testing.T, path string, c command) {
		require.NotEmpty(t, c.examples)
		for _, e := range c.examples {
			require.Contains(t, e, "mosparoctl ")
		}
		got := ctl(t, nil, "", append(strings.Fields(path), "--help")...)
		require.Zero(t, got.code, got.stderr)
		require.Empty(t, got.stderr)
		for _, part := range []string{"Usage:\n  mosparoctl " + path, "Examples:\n  ", c.examples[0], "Flags:\n", "Exit codes:\n"} {
			require.Contains(t, got.stdout, part)
		}
		require.Regexp(t, `(?s)^[A-Z].*\.$`, c.help)
		for line := range strings.Lines(got.stdout) {
			if !strings.Contains(line, "mosparoctl ") { // command lines are not broken
				require.LessOrEqual(t, len([]rune(line)), helpWidth+1, line)
			}
		}
		require.Equal(t, c.asks != offline, strings.Contains(got.stdout, "--timeout duration"))
		hasJSON := strings.Contains(got.stdout, "      --json ")
		for _, other := range printsNoData {
			if path == other {
				require.False(t, hasJSON)
				return
			}
		}
		require.True(t, hasJSON)
	})
}

func TestCommands_GroupsShowAnExampleOfEachCommand(t *testing.T) {
	for _, group := range []string{"", "cache", "debug"} {
		got := ctl(t, nil, "", append(strings.Fields(group), "--help")...).stdout
		_, commands, found := strings.Cut(got, "Commands:\n")
		require.True(t, found)
		commands, _, _ = strings.Cut(commands, "\n\n")
		for line := range strings.Lines(commands) {
			if name := strings.Fields(line)[0]; line[2] != ' ' {
				require.Contains(t, got, strings.TrimSpace("  mosparoctl "+group)+" "+name)
			}
		}
	}
}

func TestCommands_OldNamesAnswerAndHelpHidesThem(t *testing.T) {
	for line, stdin := range map[string]string{
		"value decode":                  "N;",
		"value encode":                  `{"t":"null"}`,
		"cleanup decide":                `{"in":{"next":-60}}`,
		"cache path mosparoNextCleanup": "",
		"cache key mosparoNextCleanup":  "",
		"config dsn redis://h":          "",
	} {
		environ := []string{"FILESYSTEM_CACHE_PATH=" + t.TempDir()}
		words := strings.Fields(line)
		old := ctl(t, environ, stdin, words...)
		require.Equal(t, old, ctl(t, environ, stdin, append([]string{"debug"}, words...)...))
		require.Zero(t, old.code, old.stderr)
		if words[0] != "value" {
			require.NotRegexp(t, "(?m)^  "+words[1]+" ", ctl(t, nil, "", words[0], "--help").stdout)
		}
		require.Regexp(t, "(?m)^  "+words[1]+" ", ctl(t, nil, "", "debug", words[0], "--help").stdout)
	}
	require.NotRegexp(t, "(?m)^  value ", ctl(t, nil, "", "--help").stdout)
}

func TestCommands_SingularPluralAndOtherNames(t *testing.T) {
	environ := []string{"FILESYSTEM_CACHE_PATH=" + t.TempDir()}
	for alias, name := range map[string]string{
		"locks ls": "lock ls", "lock list": "lock ls", "projects ls": "css ls", "project list": "css ls", "cache list": "cache ls", "cleanups status": "cleanup status",
	} {
		require.Equal(t, ctl(t, environ, "", append(strings.Fields(name), "--help")...), ctl(t, environ, "", append(strings.Fields(alias), "--help")...))
	}
}

func TestCommands_SuggestWhatMayBeMeant(t *testing.T) {
	for line, want := range map[string]string{
		"cahce get k":             `unknown command "cahce" of mosparoctl; did you mean "cache"?`,
		"cache gte k":             `unknown command "gte" of mosparoctl cache; did you mean "get"?`,
		"config dns":              `unknown command "dns" of mosparoctl config`,
		"zzz":                     `unknown command "zzz" of mosparoctl; see mosparoctl --help`,
		"help cahce":              `did you mean "cache"?`,
		"cleanup status --jsno":   "unknown flag --jsno; did you mean --json?",
		"cleanup status -json":    "did you mean --json?",
		"cache get -timeout=5s k": "did you mean --timeout?",
		"cache get --time 5s k":   "did you mean --timeout?",
		"cache get --zzzzzz k":    "unknown flag --zzzzzz; see mosparoctl cache get --help",
		"cache get -x k":          "see mosparoctl cache get --help",
	} {
		got := ctl(t, nil, "", strings.Fields(line)...)
		require.Equal(t, exitUsage, got.code, line)
		require.Contains(t, got.stderr, want, line)
		require.Empty(t, got.stdout)
	}
	for _, line := range []string{
		"cleanup status -dsn=mysql://u:hunter2@db/m", "cleanup status --dns=mysql://u:hunter2@db/m", "cleanup status --=hunter2", "config redis://:hunter2@h", "redis://:hunter2@h",
	} {
		got := ctl(t, nil, "", strings.Fields(line)...)
		require.Equal(t, exitUsage, got.code, line)
		require.NotContains(t, got.stderr, "hunter2", line)
	}
	got := ctl(t, nil, "", "cach\x1b[2Je")
	require.NotContains(t, got.stderr, "\x1b")
}
