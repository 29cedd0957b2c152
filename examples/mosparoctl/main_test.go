package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// outcome is what a command line left.
type outcome struct {
	code           int
	stdout, stderr string
}

// untilWritten is the output of a command that goes on until it is interrupted: then is
// called when it has written something.
type untilWritten struct {
	bytes.Buffer
	then func()
}

func (u *untilWritten) Write(b []byte) (int, error) {
	defer u.then()
	return u.Buffer.Write(b)
}

// ctl runs a command line.
func ctl(t *testing.T, environ []string, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, environ: environ}
	code := a.main(t.Context(), args)
	requireListed(t, a, code, args)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestUsage_IsToldWithTheCode64(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"nonsense"},
		{"value"},
		{"value", "nonsense"},
		{"value", "decode", "--nonsense"},
		{"value", "decode", "an argument"},
		{"cache", "get"},
		{"cache", "key"},
		{"cache", "server", "--raw"},
		{"value", "decode", "--memcached-flags", "-2"},
		{"cache", "set", "key"},
		{"cache", "set", "--ttl", "-1s", "key", "{}"},
	} {
		got := ctl(t, nil, "", args...)
		require.Equal(t, exitUsage, got.code, args)
		require.Empty(t, got.stdout, args)
		require.NotEmpty(t, got.stderr, args)
	}
}

func TestHelp_GoesToStandardOutputWhenAskedFor(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"cache", "-h"}, {"cache", "get", "-help"}, {"cache", "help", "get"}, {"help", "cache", "get"}, {"value", "decode", "--help"}, {"config", "--help"}} {
		got := ctl(t, nil, "", args...)
		require.Zero(t, got.code, args)
		require.Contains(t, got.stdout, "Usage:\n  mosparoctl", args)
		require.Empty(t, got.stderr, args)
	}
}

func TestValue_DecodesAndEncodesAsPHPDoes(t *testing.T) {
	for raw, doc := range map[string]string{
		`N;`:                      `{"t":"null"}`,
		`i:-9223372036854775808;`: `{"t":"int","v":"-9223372036854775808"}`,
		`s:2:"é";`:                `{"t":"string","v":"é"}`,
		"s:1:\"\xff\";":           `{"t":"string","v_b64":"/w=="}`,
		`a:1:{i:0;d:0.1;}`:        `{"t":"array","list":true,"entries":[[{"t":"int","v":"0"},{"t":"float","v":"0.1","bits":"3fb999999999999a"}]]}`,
	} {
		got := ctl(t, nil, raw, "value", "decode")
		require.Zero(t, got.code, got.stderr)
		require.JSONEq(t, doc, got.stdout)
		back := ctl(t, nil, doc, "value", "encode")
		require.Zero(t, back.code, back.stderr)
		require.Equal(t, raw, back.stdout)
	}
	// PHP shows no object that is in it, so it cannot be written again.
	storage := ctl(t, nil, `O:16:"SplObjectStorage":2:{i:0;a:2:{i:0;O:8:"stdClass":0:{}i:1;s:4:"info";}i:1;a:0:{}}`, "value", "decode")
	require.Zero(t, storage.code, storage.stderr)
	require.JSONEq(t, `{"t":"object","id":1,"class":"SplObjectStorage","props":[]}`, storage.stdout)
	lossy := ctl(t, nil, storage.stdout, "value", "encode")
	require.Equal(t, 1, lossy.code)
	require.Contains(t, lossy.stderr, "does not contain all that the class stores")
	require.Empty(t, lossy.stdout)
	bad := ctl(t, nil, `s:9:"x";`, "value", "decode")
	require.Equal(t, 1, bad.code)
	require.Contains(t, bad.stderr, "at byte")
	require.Empty(t, bad.stdout)
}

func TestValue_GoesOnAfterALineThatFails(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	got := ctl(t, nil, b64("b:1;")+"\nnot base64\n"+b64("a:1:{")+"\n"+b64("N;"), "value", "decode", "--lines")
	require.Zero(t, got.code)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	require.Len(t, lines, 4)
	require.JSONEq(t, `{"t":"bool","v":true}`, lines[0])
	require.Contains(t, lines[1], `{"error":`)
	require.Contains(t, lines[2], `{"error":`)
	require.JSONEq(t, `{"t":"null"}`, lines[3])

	got = ctl(t, nil, "{\"t\":\"int\",\"v\":\"7\"}\n{}\n", "value", "encode", "--lines")
	lines = strings.Split(strings.TrimSpace(got.stdout), "\n")
	require.Len(t, lines, 2)
	require.JSONEq(t, `{"b64":"`+b64("i:7;")+`"}`, lines[0])
	require.Contains(t, lines[1], `{"error":`)
}

// entries are the lines of "cache get".
func entries(t *testing.T, out string) []entry {
	t.Helper()
	var all []entry
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		var e entry
		require.NoError(t, dec.Decode(&e))
		all = append(all, e)
	}
	return all
}

func TestCache_SetGetDelete(t *testing.T) {
	for name, environ := range map[string]func(t *testing.T) []string{
		"filesystem": func(t *testing.T) []string {
			return []string{"MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + t.TempDir()}
		},
		"redis": func(t *testing.T) []string {
			return []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + servers.Redis(t).Addr()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := environ(t)
			got := ctl(t, env, "", "cache", "set", "mosparoTest", `{"t":"string","v":"hello"}`, "--ttl", "60s")
			require.Zero(t, got.code, got.stderr)
			got = ctl(t, env, "", "cache", "get", "mosparoTest", "absent")
			require.Zero(t, got.code, got.stderr)
			lines := entries(t, got.stdout)
			require.Len(t, lines, 2)
			require.True(t, lines[0].Found)
			require.JSONEq(t, `{"t":"string","v":"hello"}`, string(lines[0].Value))
			require.Equal(t, entry{Key: "absent"}, lines[1])
			require.Zero(t, ctl(t, env, "", "cache", "delete", "mosparoTest", "absent").code)
			require.False(t, entries(t, ctl(t, env, "", "cache", "get", "mosparoTest").stdout)[0].Found)
			require.Equal(t, 1, ctl(t, env, "", "cache", "get", "a:b").code, "no PSR-6 key")
		})
	}
}

func TestCache_ShowsTheMetadataOfSymfonyBesideTheValue(t *testing.T) {
	dir := t.TempDir()
	env := []string{"FILESYSTEM_CACHE_PATH=" + dir}
	path := strings.TrimSpace(ctl(t, env, "", "cache", "path", "mosparoNextCleanup").stdout)
	require.Regexp(t, `^@/[-+0-9A-Z]/[-+0-9A-Z]/[-+0-9A-Za-z]{20}$`, path, "relative to the cache directory")
	file := filepath.Join(dir, filepath.FromSlash(path))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte("0\nmosparoNextCleanup\nO:1:\"\xa9\":1:{s:6:\"\x01\x00\x00\x00\x00\x00\";i:7;}"), 0o644))
	e := entries(t, ctl(t, env, "", "cache", "get", "mosparoNextCleanup").stdout)[0]
	require.JSONEq(t, `{"t":"int","v":"7"}`, string(e.Value))
	require.Contains(t, string(e.Metadata), "expiry")
}

func TestCache_ShowsWhatItCanReadBesideWhatItCannot(t *testing.T) {
	dir := t.TempDir()
	env := []string{"FILESYSTEM_CACHE_PATH=" + dir}
	for _, key := range []string{"fine", "huge"} {
		require.Zero(t, ctl(t, env, "", "cache", "set", key, `{"t":"int","v":"7"}`).code)
	}
	huge := filepath.Join(dir, filepath.FromSlash(strings.TrimSpace(ctl(t, env, "", "cache", "path", "huge").stdout)))
	require.NoError(t, os.Truncate(huge, cache.DefaultMaxValueSize+1<<20))
	got := ctl(t, env, "", "cache", "get", "huge", "fine", "absent")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, `"huge"`)
	lines := entries(t, got.stdout)
	require.Len(t, lines, 3)
	require.Contains(t, lines[0].Error, "too large")
	require.JSONEq(t, `{"t":"int","v":"7"}`, string(lines[1].Value))
	require.Equal(t, entry{Key: "absent"}, lines[2])
}

func TestCache_SaysThatTheServerIsGoneWithoutThePassword(t *testing.T) {
	got := ctl(t, []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://:geheim@127.0.0.1:1"}, "", "cache", "get", "k")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "unavailable")
	require.NotContains(t, got.stderr, "geheim")
}

func TestCleanupDecide_AppliesTheDefaults(t *testing.T) {
	got := ctl(t, nil, `{"in": {"next": -60}}`, "cleanup", "decide")
	require.Zero(t, got.code, got.stderr)
	require.JSONEq(t, `{"result":"COMPLETED","changed":{"next":21600}}`, got.stdout)
	got = ctl(t, nil, "{\"in\": {\"next\": 60}}\nnonsense\n", "cleanup", "decide", "--lines")
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	require.Len(t, lines, 2)
	require.JSONEq(t, `{"result":"NEXT_CLEANUP_IN_THE_FUTURE","changed":{}}`, lines[0])
	require.Contains(t, lines[1], `{"error":`)
}
