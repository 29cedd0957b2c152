package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const cssProject = "51b9091d-8e8b-482b-a8f1-d930e8da931e"

// runCSS runs a css command on a cache in a directory.
func runCSS(t *testing.T, dir, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, environ: []string{"FILESYSTEM_CACHE_PATH=" + dir}}
	args = append([]string{"css"}, args...)
	code = a.main(t.Context(), args)
	requireListed(t, a, code, args)
	return code, out.String(), errs.String()
}

func TestCSSPrepare_AnswersWithHashAndCSSOrWhyPHPFails(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.css")
	require.NoError(t, os.WriteFile(base, []byte(".mosparo__container { color: var(--mosparo-text-color, rgb(0, 0, 0)) }"), 0o600))
	in := strings.Join([]string{
		`{"project": "` + cssProject + `", "rows": []}`,
		`{"project": "` + cssProject + `", "rows": [["designMode", {"t": "string", "v": "advanced"}], ["colorText", {"t": "string", "v_b64": "/w=="}]]}`,
		`{"project": "` + cssProject + `", "rows": [["designMode", {"t": "string", "v": "advanced"}], ["fontSize", {"t": "string", "v": "16px"}]]}`,
		`{"project": "x", "rows": []}`,
		`{}`,
	}, "\n") + "\n"
	code, out, stderr := runCSS(t, t.TempDir(), in, "prepare", "--base", base, "--lines")
	require.Zero(t, code, stderr)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 5)
	require.JSONEq(t, `{"hash": "147a432c541ffb177b27afb330b961c25593198172d8f09f0119da97e03ffb8e", "css": ".mosparo__`+cssProject+` { color: rgb(0, 0, 0) }"}`, lines[0])
	require.Contains(t, lines[1], `"css_b64":`)
	for _, line := range lines[2:] {
		require.Contains(t, line, `"error":`)
	}
	code, _, _ = runCSS(t, t.TempDir(), in, "prepare")
	require.Equal(t, exitUsage, code)
}

func TestCSS_PutGetListAndRemove(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	resources := t.TempDir()
	for name, where := range map[string][]string{"cache": nil, "files": {"--resources", resources}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			args := func(name string, more ...string) []string { return append(append([]string{name}, where...), more...) }

			code, _, stderr := runCSS(t, dir, ".a { b: c }", args("put", "--hash", hash, cssProject)...)
			require.Zero(t, code, stderr)
			code, out, _ := runCSS(t, dir, "", args("get", cssProject)...)
			require.Zero(t, code)
			require.Equal(t, ".a { b: c }", out)

			code, out, _ = runCSS(t, dir, "", args("get", "--json", cssProject)...)
			require.Zero(t, code)
			var got map[string]any
			require.NoError(t, json.Unmarshal([]byte(out), &got))
			require.Equal(t, ".a { b: c }", got["css"])
			require.Equal(t, hash, got["hash"])
			require.Equal(t, true, got["settled"])

			code, out, _ = runCSS(t, dir, "", args("ls")...)
			require.Zero(t, code)
			require.Contains(t, out, `"project":"`+cssProject+`","hash":"`+hash+`"`)
			require.Equal(t, 1, strings.Count(out, "\n"))

			code, _, _ = runCSS(t, dir, "", args("rm", cssProject)...)
			require.Zero(t, code)
			code, out, stderr = runCSS(t, dir, "", args("get", cssProject)...)
			require.Equal(t, 1, code)
			require.Empty(t, out)
			require.Contains(t, stderr, "no prepared css")
		})
	}
}

func TestCSS_WrongUsageIsTold(t *testing.T) {
	for _, args := range [][]string{
		{"get"},
		{"get", cssProject, cssProject},
		{"put", cssProject},
		{"put", "--hash", "x", cssProject},
		{"rm"},
		{"ls", "x"},
		{"rm", "--mappings", cssProject},
	} {
		code, _, stderr := runCSS(t, t.TempDir(), "", args...)
		require.Equal(t, exitUsage, code, args)
		require.NotEmpty(t, stderr)
	}
	code, _, stderr := runCSS(t, t.TempDir(), "", "get", "../../etc/passwd")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "is no uuid")
}
