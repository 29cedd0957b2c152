package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireListed fails the test if the exit code of a command line is not in the table. All
// tests that run a command line call it.
func requireListed(t *testing.T, a *app, code int, args []string) {
	t.Helper()
	cmd, _, err := a.root.Find(args)
	require.NoError(t, err)
	codes := exitCodes(pathOf(cmd))
	listed := slices.ContainsFunc(codes, func(c exitEntry) bool { return c.code == code || c.code < 0 })
	require.True(t, listed, "the exit code %d of %q is not in the table", code, args)
}

func TestExitCodes_AreDocumentedAndThoseOfWrongCommandLines(t *testing.T) {
	seen := map[string]bool{}
	eachCommand(t, func(t *testing.T, path string, _ command) {
		seen[path] = true
		codes := exitCodes(path)
		require.Equal(t, exitOK, codes[0].code)
		help := ctl(t, nil, "", append(strings.Fields(path), "--help")...).stdout
		for _, c := range codes {
			require.NotEmpty(t, c.meaning)
			require.Contains(t, help, strings.Fields(c.meaning)[0])
		}
		usage := usageCode(path)
		require.True(t, slices.ContainsFunc(codes, func(c exitEntry) bool { return c.code == usage && c.meaning == "wrong command line" }))
		got := ctl(t, nil, "", append(strings.Fields(path), "--no-such-flag")...)
		require.Equal(t, usage, got.code)
		require.Contains(t, got.stderr, "--no-such-flag")
	})
	for path := range exitTable {
		require.True(t, seen[path], "the table has %q, which is no command", path)
	}
	require.Equal(t, exitUsage, ctl(t, nil, "", "lock", "ruin").code, "only lock run has a code of its own")
}

func TestExitCodes_HelpTopicListsAll(t *testing.T) {
	got := ctl(t, nil, "", "help", "exit-codes")
	require.Zero(t, got.code)
	for path, codes := range exitTable {
		_, section, found := strings.Cut(got.stdout, "mosparoctl "+path+"\n")
		require.True(t, found, path)
		section, _, _ = strings.Cut(section, "\n\n")
		for _, c := range codes {
			require.Contains(t, section, strings.Fields(c.meaning)[0])
		}
	}
}
