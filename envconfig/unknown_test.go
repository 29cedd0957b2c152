package envconfig

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnknown_HasNamesThatAreNoSettings(t *testing.T) {
	dir := writeProject(t, map[string]string{
		".env.local":             "MOSPARO_CACHE_ADAPTR=redis\nREDIS_URL=redis://h\n",
		"config/env.mosparo.php": "<?php return ['mailer_password' => 'geheim', 'trusted_proxies' => '10.0.0.1', 'database_host' => 'h', 'PATH' => 'x'];",
	})
	s := load(t, dir, "PATH=/bin", "LOCK_DSN=flock", "ENCRYPTION_KEY=x")
	require.Equal(t, map[string]Source{
		"MOSPARO_CACHE_ADAPTR": Source(filepath.Join(dir, ".env.local")),
		"mailer_password":      Source(filepath.Join(dir, "config", "env.mosparo.php")),
		"PATH":                 SourceEnvironment,
	}, maps.Collect(s.Unknown()))
}
