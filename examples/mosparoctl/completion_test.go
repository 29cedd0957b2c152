package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// completions are the words that a shell would offer.
func completions(t *testing.T, args ...string) (words []string, directive string) {
	t.Helper()
	got := ctl(t, nil, "", append([]string{"__completeNoDesc"}, args...)...)
	require.Zero(t, got.code, got.stderr)
	words = strings.Split(strings.TrimSpace(got.stdout), "\n")
	return words[:len(words)-1], words[len(words)-1]
}

const (
	noFiles  = ":4"
	dirsOnly = ":16"
	anyFile  = ":0"
)

func TestCompletion_OffersCommandsFlagsKeysAndDirectories(t *testing.T) {
	for _, c := range []struct {
		args      []string
		want      []string
		directive string
	}{
		{[]string{"cac"}, []string{"cache"}, noFiles},
		{[]string{"cleanup", "r"}, []string{"run", "resume"}, noFiles},
		{[]string{"cache", "get", "mosparoN"}, []string{"mosparoNextCleanup"}, noFiles},
		{[]string{"cache", "get", "mosparoNextCleanup", "mosparoC"}, []string{"mosparoCleanupStartedAt"}, noFiles},
		{[]string{"cleanup", "status", "--js"}, []string{"--json"}, noFiles},
		{[]string{"cleanup", "status", "--dir", ""}, nil, dirsOnly},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish"}, noFiles},
		{[]string{"version", ""}, nil, noFiles},
		{[]string{"lock", "run", "n", "--", ""}, nil, anyFile},
		{[]string{"debug", "config", "php", ""}, nil, anyFile},
	} {
		words, directive := completions(t, c.args...)
		for _, w := range c.want {
			require.Contains(t, words, w, c.args)
		}
		if c.want == nil {
			require.Empty(t, words, c.args)
		}
		require.Equal(t, c.directive, directive, c.args)
	}
	words, _ := completions(t, "")
	require.NotContains(t, words, "value", "an old name")
}

func TestCompletion_ScriptsAreOnesOfTheirShells(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		got := ctl(t, nil, "", "completion", shell)
		require.Zero(t, got.code, got.stderr)
		require.Contains(t, got.stdout, "mosparoctl")
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("skipped: needs %s", shell)
			}
			check := exec.Command(path, "-n")
			check.Stdin = strings.NewReader(got.stdout)
			out, err := check.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
	require.Equal(t, exitUsage, ctl(t, nil, "", "completion").code)
	require.Equal(t, exitUsage, ctl(t, nil, "", "completion", "tcsh").code)
}
