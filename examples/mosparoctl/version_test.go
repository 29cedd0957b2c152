package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
)

func TestVersion_NamesModuleGoAndMosparo(t *testing.T) {
	got := ctl(t, nil, "", "version")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `^mosparoctl \S+ \(go`, got.stdout)
	require.Contains(t, got.stdout, "for mosparo 1.5.x\n")
	require.Equal(t, got, ctl(t, nil, "", "--version"))
	var v versionInfo
	require.NoError(t, json.Unmarshal([]byte(ctl(t, nil, "", "version", "--json").stdout), &v))
	require.Equal(t, runtime.Version(), v.Go)

	known := strings.TrimSuffix(supportedMosparo, "x")
	require.NoError(t, cleanup.CheckVersion(true, known+"0"))
	require.Error(t, cleanup.CheckVersion(true, "1.6.0"))
}

// go install refuses a module with a replacement.
func TestGoMod_ReplacesNothing(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	require.NotRegexp(t, `(?m)^\s*(replace|exclude)\b`, string(mod))
}
