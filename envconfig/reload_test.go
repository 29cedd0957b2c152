package envconfig_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig"
)

func TestReload_SeesWhatMosparoHasWrittenSince(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config", "env.mosparo.php")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o755))
	write := func(version string) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte("<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '"+version+"'];"), 0o644))
	}
	write("1.5.3")
	s, err := envconfig.Load(dir, []string{"MOSPARO_CACHE_ADAPTER=redis"})
	require.NoError(t, err)
	write("1.5.4")
	for range 2 {
		now, err := s.Reload()
		require.NoError(t, err)
		require.Equal(t, "1.5.3", s.InstalledVersion)
		require.Equal(t, "1.5.4", now.InstalledVersion)
		require.Equal(t, envconfig.AdapterRedis, now.Cache.Adapter, "the environment of the first time")
		s.InstalledVersion = "1.5.3"
	}
	require.NoError(t, os.WriteFile(file, []byte("<?php return [getenv('x')];"), 0o644))
	_, err = s.Reload()
	require.ErrorContains(t, err, "env.mosparo.php:1")

	s, err = envconfig.FromEnviron([]string{"mosparo_installed_version=1.5.4"})
	require.NoError(t, err)
	now, err := s.Reload()
	require.NoError(t, err)
	require.Equal(t, "1.5.4", now.InstalledVersion)
}
