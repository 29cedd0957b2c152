package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDir_NamesTheClusterOfMosparosFiles(t *testing.T) {
	dir := t.TempDir()
	env := "MOSPARO_CACHE_ADAPTER=filesystem\nFILESYSTEM_CACHE_PATH=" + filepath.Join(dir, "shared") + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env.local"), []byte(env), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), nil, 0o600))

	set := ctl(t, nil, "", "cache", "set", "--dir", dir, "mosparoGoX", `{"t":"int","v":"7"}`)
	require.Zero(t, set.code, set.stderr)
	got := ctl(t, nil, "", "cache", "get", "--dir", dir, "mosparoGoX")
	require.Equal(t, `{"key":"mosparoGoX","found":true,"value":{"t":"int","v":"7"}}`+"\n", got.stdout)
	require.NotContains(t, got.stderr, "--dir")
	behind := ctl(t, nil, "", "cache", "get", "mosparoGoX", "--dir", dir)
	require.Equal(t, got.stdout, behind.stdout, "a flag behind the keys is no key")
	require.Equal(t, exitUsage, ctl(t, nil, "", "cache", "delete", "mosparoGoX", "--nonsense").code)

	require.Contains(t, ctl(t, nil, "", "cache", "key", "mosparoGoX").stderr, "--dir", "the user should know that the cache is the default one")
	require.NotZero(t, ctl(t, nil, "", "cache", "get", "--dir", filepath.Join(dir, "nowhere"), "mosparoGoX").code)
}

func TestCacheSet_SaysWhatTypedJSONIs(t *testing.T) {
	got := ctl(t, nil, "", "cache", "set", "mosparoGoX", "hello")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, `{"t":"string"`)
}

func TestConfig_SaysWhichFileWins(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("database_host=of-dotenv\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"),
		[]byte("<?php return ['database_host' => 'of-php', 'database_name' => 'of-php'];"), 0o600))
	got := ctl(t, nil, "", "config", "--dir", dir)
	require.Regexp(t, `database_host\tof-dotenv\t`, got.stdout)
	require.Regexp(t, `database_name\tof-php\t`, got.stdout)
	require.Contains(t, got.stdout, "what has no value yet")
	require.NotContains(t, got.stdout, "database_path", "a default, which would look as if SQLite were in use")
}
