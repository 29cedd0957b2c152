package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore"
)

// onTerminal runs a command line at a terminal.
func onTerminal(t *testing.T, environ []string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, environ: environ, outTTY: true, errTTY: true}
	code := a.main(t.Context(), args)
	requireListed(t, a, code, args)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestTerminal_HasTablesAndColours(t *testing.T) {
	environ := []string{"MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + t.TempDir()}
	require.Zero(t, ctl(t, environ, "", "cache", "set", "mosparoText", `{"t":"string","v":"a\u001b[2Jb"}`).code)
	require.Zero(t, ctl(t, environ, "", "cache", "set", "n", `{"t":"int","v":"7"}`).code)

	got := onTerminal(t, environ, "cache", "get", "mosparoText", "n", "absent")
	require.Equal(t, outcome{stdout: "\x1b[1mKEY\x1b[0m          \x1b[1mVALUE\x1b[0m\nmosparoText  a\ufffd[2Jb\nn            7\nabsent       \x1b[33mnone\x1b[0m\n"}, got)
	for _, plain := range []string{"NO_COLOR=1", "TERM=dumb"} {
		got = onTerminal(t, append(environ, plain), "cache", "get", "n")
		require.Equal(t, "KEY  VALUE\nn    7\n", got.stdout)
	}
	require.Contains(t, onTerminal(t, append(environ, "NO_COLOR="), "cache", "get", "n").stdout, "\x1b[1m", "an empty NO_COLOR does not count")
	json := onTerminal(t, environ, "cache", "get", "--json", "n")
	require.Equal(t, ctl(t, environ, "", "cache", "get", "n"), json)
	require.Contains(t, onTerminal(t, environ, "cache").stderr, "\x1b[31mmosparoctl:\x1b[0m a command is missing")
	require.NotContains(t, ctl(t, environ, "", "config").stdout+ctl(t, environ, "", "cache").stderr, "\x1b")
	require.Regexp(t, `FILESYSTEM_CACHE_PATH  +/`, onTerminal(t, environ, "config").stdout)
	require.Regexp(t, `FILESYSTEM_CACHE_PATH\t/`, ctl(t, environ, "", "config").stdout)
}

func TestTerminal_ShowsLocksAndCSSAsTables(t *testing.T) {
	env, other, _ := onRedis(t)
	lease, err := other.Acquire(t.Context(), "job")
	require.NoError(t, err)
	got := onTerminal(t, env, "lock", "ls")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `NAME.*EXPIRES IN`, got.stdout)
	require.Regexp(t, `(?m)^job  .* UTC  .* s  +\d+$`, got.stdout)
	require.NoError(t, lease.Release(t.Context()))
	require.Regexp(t, `(?m)^job  .*free`, onTerminal(t, env, "lock", "show", "job").stdout)

	hash := cssstore.Hash{1}.String()
	put := ctl(t, env, ".a{}", "css", "put", "--hash", hash, cssProject)
	require.Zero(t, put.code, put.stderr)
	require.Regexp(t, `(?m)^`+cssProject+`  `+hash[:12]+`  +4 `, onTerminal(t, env, "css", "ls").stdout)
}

func TestShortValue_IsWhatPeopleRead(t *testing.T) {
	environ := []string{"FILESYSTEM_CACHE_PATH=" + t.TempDir()}
	i := install(t, "1.5.4")
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), i.pool, at, 0))
	require.Contains(t, onTerminal(t, i.environ, "cache", "get", string(cleanup.NextCleanup)).stdout, "2026-03-01")
	for doc, want := range map[string]string{
		`{"t":"null"}`:          "null",
		`{"t":"bool","v":true}`: "true",
		`{"t":"float","v":"0.1","bits":"3fb999999999999a"}`: "0.1",
		`{"t":"string","v_b64":"/w=="}`:                     `"v_b64"`,
	} {
		require.Zero(t, ctl(t, environ, "", "cache", "set", "k", doc).code)
		require.Contains(t, onTerminal(t, environ, "cache", "get", "k").stdout, want)
	}
}

func TestIsTerminal_IsNoFileNorTheNullDevice(t *testing.T) {
	for _, name := range []string{os.DevNull, os.Args[0]} {
		f, err := os.Open(name)
		require.NoError(t, err)
		require.False(t, isTerminal(f), name)
		require.NoError(t, f.Close())
	}
}
