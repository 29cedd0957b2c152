package envconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/dotenv"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// shippedEnv is what matters of mosparo's own .env.
const shippedEnv = `APP_ENV=prod
TRUSTED_PROXIES="%default_trusted_proxies%"
MEMCACHED_URL=memcached://localhost
REDIS_URL=redis://localhost
FILESYSTEM_CACHE_PATH= # If this is empty, the cache will be stored in the system's temporary directory.
LOCK_DSN=flock
MOSPARO_CONFIG_FILE_PATH=
MOSPARO_ENV_SUFFIX=
MOSPARO_CACHE_ADAPTER=
MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=0
MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD=24
MOSPARO_HEALTH_ALLOW_LIST=127.0.0.1,::1
DATABASE_MYSQL_SSL=0
`

// writeProject makes a directory with these files, and .env unless given.
func writeProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{".env": shippedEnv}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		if content == "-" {
			continue
		}
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func load(t *testing.T, dir string, environ ...string) *Settings {
	t.Helper()
	s, err := Load(dir, environ)
	require.NoError(t, err)
	return s
}

// multiNode is the block of mosparo's page on several nodes.
var multiNode = []string{
	"MOSPARO_CACHE_ADAPTER=memcached # Or set it to redis if you want to use Redis",
	"MEMCACHED_URL=memcached://127.0.0.1:11211 # Adjust this to your need...",
	"#REDIS_URL=redis://127.0.0.1:6379 # ...or set this environment variable if you want to use Redis",
	"MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=1 # You probably want to enable this environment variable, too",
}

func TestLoad_TakesTheBlockOfTheMultiNodePageAsEnvLocal(t *testing.T) {
	dir := writeProject(t, map[string]string{".env.local": strings.Join(multiNode, "\n") + "\n"})
	s := load(t, dir)
	require.Equal(t, AdapterMemcached, s.Cache.Adapter)
	require.Equal(t, Source(filepath.Join(dir, ".env.local")), s.Variable("MOSPARO_CACHE_ADAPTER").Source)
	require.Equal(t, []dsn.Host{{Name: "127.0.0.1", Port: 11211}}, s.Cache.Memcached.Servers)
	require.Empty(t, s.Variable("MEMCACHED_URL").Warning)
	require.Equal(t, "localhost", s.Cache.Redis.Hosts[0].Name)
	require.True(t, s.Cleanup.GracePeriod)
	require.Empty(t, s.Variable("MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED").Warning)
}

// redisBlock is the block as who uses Redis changes it.
func redisBlock() string {
	return strings.NewReplacer("ADAPTER=memcached", "ADAPTER=redis", "\nMEMCACHED_URL", "\n#MEMCACHED_URL", "\n#REDIS_URL", "\nREDIS_URL").Replace(strings.Join(multiNode, "\n"))
}

func TestLoad_TakesTheBlockForRedisAsEnvLocal(t *testing.T) {
	s := load(t, writeProject(t, map[string]string{".env.local": redisBlock()}))
	require.Equal(t, AdapterRedis, s.Cache.Adapter)
	require.Equal(t, []dsn.Host{{Name: "127.0.0.1", Port: 6379}}, s.Cache.Redis.Hosts)
	require.Empty(t, s.Variable("REDIS_URL").Warning)
}

func TestFromEnviron_SaysThatACommentIsPartOfTheValue(t *testing.T) {
	for _, line := range []string{multiNode[0], multiNode[3], "MOSPARO_CACHE_ADAPTER=memcached\x00" + multiNode[1]} {
		environ := strings.Split(line, "\x00")
		name, _, _ := strings.Cut(environ[len(environ)-1], "=")
		_, err := FromEnviron(environ)
		var invalid *ValueError
		require.ErrorAs(t, err, &invalid, line)
		require.Equal(t, name, invalid.Name)
		require.Equal(t, SourceEnvironment, invalid.Source)
		require.ErrorContains(t, err, "the comment after # is part of the value")
	}
	for _, block := range [][]string{multiNode, strings.Split(redisBlock(), "\n")} {
		s, err := FromEnviron(block)
		require.ErrorContains(t, err, "MOSPARO_CACHE_ADAPTER (environment)")
		require.ErrorContains(t, err, "MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED (environment)")
		require.ErrorContains(t, err, "the comment after # is part of the value")
		require.Empty(t, s.Cache.Adapter, "no other cache than the one that was meant")
	}
}

// A node must not end on a server that no setting names.
func TestFromEnviron_AnAddressThatCannotBeReadIsNotReplacedByTheDefault(t *testing.T) {
	s, err := FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=http://localhost", "MEMCACHED_URL=http://localhost"})
	require.ErrorContains(t, err, "REDIS_URL (environment)")
	require.Nil(t, s.Cache.Redis)
	require.Nil(t, s.Cache.Memcached)
	require.Contains(t, s.Variable("MEMCACHED_URL").Warning, "not in use")
	require.Zero(t, s.Variable("MOSPARO_NO_SUCH_SETTING"))
}

// PHP ignores what follows # in this DSN and connects.
func TestFromEnviron_WarnsOfACommentThatPHPIgnores(t *testing.T) {
	s, err := FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://127.0.0.1:6379 # ...or set this"})
	require.NoError(t, err)
	require.Equal(t, []dsn.Host{{Name: "127.0.0.1", Port: 6379}}, s.Cache.Redis.Hosts)
	require.Contains(t, s.Variable("REDIS_URL").Warning, "comment")
}

// All nodes end on one Redis server: Symfony resolves references after all
// files are read.
func TestLoad_ALaterFileChangesWhatAnEarlierOneRefersTo(t *testing.T) {
	dir := writeProject(t, map[string]string{
		".env.local":      "MOSPARO_CACHE_ADAPTER=redis\nREDIS_HOST=localhost\nREDIS_URL=redis://:${REDIS_PASSWORD:-}@${REDIS_HOST}:6379/3\nREDIS_PASSWORD=hunter2\n",
		".env.prod.local": "REDIS_HOST=10.1.2.3\n",
	})
	s := load(t, dir)
	redis := s.Cache.Redis
	require.Equal(t, []dsn.Host{{Name: "10.1.2.3", Port: 6379}}, redis.Hosts)
	require.Equal(t, "hunter2", redis.Password.Reveal())
	require.Equal(t, Source(filepath.Join(dir, ".env.local")), s.Variable("REDIS_URL").Source)
	require.Equal(t, "10.9.9.9", load(t, dir, "REDIS_HOST=10.9.9.9").Cache.Redis.Hosts[0].Name, "a real variable wins")
}

func TestLoad_EverySettingKnowsItsSource(t *testing.T) {
	dir := writeProject(t, map[string]string{
		".env.local":             "MOSPARO_CLEANUP_PROCESS_INTERVAL=3\nMOSPARO_CACHE_ADAPTER=redis\n",
		".env.prod":              "MOSPARO_RULE_ITEMS_CACHE_TTL=60\n",
		"config/env.mosparo.php": "<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '1.5.4', 'FILESYSTEM_CACHE_PATH' => '/srv/cache', 'MOSPARO_CACHE_ADAPTER' => 'memcached'];",
	})
	s := load(t, dir, "REDIS_URL=redis://env:1234")
	file := func(name string) Source { return Source(filepath.Join(dir, name)) }
	require.Equal(t, file(".env"), s.Variable("APP_ENV").Source)
	require.Equal(t, file(".env.local"), s.Variable("MOSPARO_CLEANUP_PROCESS_INTERVAL").Source)
	require.Equal(t, 3*time.Hour, s.Cleanup.ProcessInterval)
	require.Equal(t, file(".env.prod"), s.Variable("MOSPARO_RULE_ITEMS_CACHE_TTL").Source)
	require.Equal(t, "1m0s", s.Variable("MOSPARO_RULE_ITEMS_CACHE_TTL").Value)
	require.Equal(t, SourceEnvironment, s.Variable("REDIS_URL").Source)
	require.Equal(t, file("config/env.mosparo.php"), s.Variable("mosparo_installed").Source)
	require.True(t, s.Installed)
	require.Equal(t, "1.5.4", s.InstalledVersion)
	require.Equal(t, "/srv/cache", s.Cache.FilesystemPath, "a variable set to nothing falls through to env.mosparo.php")
	require.Equal(t, AdapterRedis, s.Cache.Adapter)
	require.Equal(t, SourceDefault, s.Variable("MOSPARO_UPDATES_ENABLED").Source)
	require.Equal(t, []string{filepath.Join(dir, ".env"), filepath.Join(dir, ".env.local"), filepath.Join(dir, ".env.prod"), filepath.Join(dir, "config/env.mosparo.php")}, s.Files)

	seen := map[string]bool{}
	for e := range s.Variables() {
		require.False(t, seen[e.Name], e.Name)
		seen[e.Name] = true
		require.NotEmpty(t, e.Source, e.Name)
	}
	require.Greater(t, len(seen), 40)
}

func TestLoad_FindsTheFileThatMosparoWouldTake(t *testing.T) {
	const version = "<?php return ['mosparo_installed_version' => '%'];"
	content := func(v string) string { return strings.Replace(version, "%", v, 1) }
	dir := writeProject(t, map[string]string{
		"config/env.mosparo.php": content("plain"), "config/env.mosparo.pg.php": content("suffix"), "other.php": content("path"),
	})
	for environ, want := range map[string]string{
		"": "plain", "MOSPARO_ENV_SUFFIX=pg": "suffix", "MOSPARO_CONFIG_FILE_PATH=" + filepath.Join(dir, "other.php"): "path",
		"MOSPARO_ENV_SUFFIX=none": "", "MOSPARO_ENV_SUFFIX=": "plain",
	} {
		require.Equal(t, want, load(t, dir, environ).InstalledVersion, environ)
	}
	for _, environ := range []string{"MOSPARO_CONFIG_FILE_PATH=other.php", "MOSPARO_ENV_SUFFIX=../../x"} {
		_, err := Load(dir, []string{environ})
		var invalid *ValueError
		require.ErrorAs(t, err, &invalid)
	}
}

func TestLoad_AMissingOrEmptyConfigFileHasNoValues(t *testing.T) {
	for _, content := range []string{"-", "", "<?php return [];", "<?php\n\nreturn array (\n);\n"} {
		s := load(t, writeProject(t, map[string]string{"config/env.mosparo.php": content}))
		require.False(t, s.Installed)
		_, err := s.DatabaseConnection()
		require.ErrorIs(t, err, ErrNotConfigured)
		require.ErrorContains(t, err, "or in "+filepath.Join(s.Dir, "config", "env.mosparo.php"))
	}
}

func TestLoad_NeverReplacesAnUnreadableConfigFileByDefaults(t *testing.T) {
	for name, content := range map[string]string{
		"code":         "<?php return ['database_host' => getenv('HOST')];",
		"broken":       "<?php return ['database_password' => 'hunter'2'];",
		"no array":     "<?php return 5;",
		"no return":    "<?php\n",
		"a dump":       "database_host=x",
		"word":         "<?php return ['database_password' => hunter2];",
		"unterminated": "<?php return ['database_password' => 'hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeProject(t, map[string]string{"config/env.mosparo.php": content})
			s, err := Load(dir, nil)
			requireUnread(t, dir, s, err)
		})
	}
	t.Run("a directory", func(t *testing.T) {
		dir := writeProject(t, map[string]string{"config/env.mosparo.php/x": ""})
		s, err := Load(dir, nil)
		requireUnread(t, dir, s, err)
	})
	t.Run("no permission", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may read every file")
		}
		dir := writeProject(t, map[string]string{"config/env.mosparo.php": "<?php return [];"})
		require.NoError(t, os.Chmod(filepath.Join(dir, "config"), 0))
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "config"), 0o755) })
		s, err := Load(dir, nil)
		requireUnread(t, dir, s, err)
	})
}

func requireUnread(t *testing.T, dir string, s *Settings, err error) {
	t.Helper()
	var unread *dotenv.FileError
	require.ErrorAs(t, err, &unread)
	require.Equal(t, filepath.Join(dir, "config/env.mosparo.php"), unread.Path)
	require.NotContains(t, err.Error(), "hunter")
	_, connectErr := s.DatabaseConnection()
	require.ErrorAs(t, connectErr, &unread)
	require.Empty(t, s.Database.Host)
	require.Empty(t, s.Database.Driver)
	require.False(t, s.Installed)
}

func TestLoad_RefusesADirectoryWithoutMosparo(t *testing.T) {
	_, err := Load(t.TempDir(), nil)
	require.ErrorIs(t, err, ErrNoProject)
	require.ErrorContains(t, err, "holds neither .env nor config/env.mosparo.php")
	_, err = Load(filepath.Join(t.TempDir(), "missing"), nil)
	require.ErrorIs(t, err, ErrNoProject)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "missing: no such file or directory")

	var refused *dotenv.FileError
	_, err = Load(writeProject(t, map[string]string{".env": "-", ".env.local": "A=1\n"}), nil)
	require.ErrorAs(t, err, &refused)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "create an empty .env")
	load(t, writeProject(t, map[string]string{".env": "", ".env.local": "A=1\n"}))

	s := load(t, writeProject(t, map[string]string{".env": "-", "config/env.mosparo.php": "<?php return ['database_host' => 'db'];"}))
	require.Equal(t, "db", s.Database.Host)
}

func TestLoad_EnvLocalPHPStandsForAllEnvFiles(t *testing.T) {
	dir := writeProject(t, map[string]string{
		".env.local":     "MOSPARO_CLEANUP_PROCESS_INTERVAL=3\n",
		".env.local.php": "<?php\n\n// dumped\n\nreturn array (\n  'APP_ENV' => 'prod',\n  'MOSPARO_CLEANUP_PROCESS_INTERVAL' => '5',\n);\n",
	})
	require.Equal(t, 5*time.Hour, load(t, dir).Cleanup.ProcessInterval)
	require.Equal(t, 5*time.Hour, load(t, dir, "APP_ENV=prod").Cleanup.ProcessInterval)
	require.Equal(t, 3*time.Hour, load(t, dir, "APP_ENV=dev").Cleanup.ProcessInterval)
	require.Equal(t, 7*time.Hour, load(t, dir, "MOSPARO_CLEANUP_PROCESS_INTERVAL=7").Cleanup.ProcessInterval)
}

func TestLoad_WarnsOfWhatAnOperatorShouldKnow(t *testing.T) {
	for environ, want := range map[string]string{
		"MOSPARO_CACHE_ADAPTER=filesystem":                    "not shared",
		"FILESYSTEM_CACHE_PATH=cache":                         "relative",
		"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=false":     "in PHP any text",
		"MOSPARO_CLEANUP_PROCESS_INTERVAL=25":                 "outside 1-24",
		"MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=enabled":        "false",
		"TRUSTED_PROXIES=127.0.0.1,REMOTE_ADDR":               "forge",
		"TRUSTED_PROXIES=proxy.example.com":                   "neither an address nor a network",
		"MOSPARO_HEALTH_ALLOW_LIST=":                          "all clients",
		"MOSPARO_HEALTH_ALLOW_LIST=127.0.0.1, ::1":            "spaces",
		"REDIS_URL=redis://localhost/1/2":                     "only the last one",
		"MEMCACHED_URL=memcached://localhost?weight=33":       "weight",
		"MEMCACHED_URL=http://localhost":                      "not in use",
		"MEMCACHED_URL=memcached:?host[a]&compression=0":      "ignored",
		"MEMCACHED_URL=memcached://a?compression_type=zlib":   "takes a number",
		"MEMCACHED_URL=memcached:?host[a:99999]":              "becomes 34463",
		"MEMCACHED_URL=memcached://a?distribution=modula":     "switches libketama_compatible off",
		"MEMCACHED_URL=memcached://a?libketama_compatible=on": "cast to an integer",
		"REDIS_URL=redis://u:p@a?auth=x":                      "?auth= wins",
		"REDIS_URL=redis:?host[]=a":                           "inside the brackets",
		"REDIS_URL=redis://a?sentinel_master=m":               "redis_sentinel",
		"REDIS_URL=redis://a?ssl[cafile]=/x":                  "without rediss:",
		"DATABASE_URL=mysql://app:hunter2@db/app":             "DATABASE_URL (environment) is set, which is no setting of mosparo",
	} {
		s, err := FromEnviron([]string{environ})
		require.NoError(t, err, environ)
		var warnings []string
		for e := range s.Warnings() {
			warnings = append(warnings, e.Warning)
		}
		require.Contains(t, strings.Join(warnings, "\n"), want, environ)
		require.NotContains(t, strings.Join(warnings, "\n"), "hunter2")
	}
}

// The variables that mosparo's documentation and configuration name.
const documented = `APP_ENV TRUSTED_PROXIES LOCK_DSN
	MOSPARO_CACHE_ADAPTER FILESYSTEM_CACHE_PATH MEMCACHED_URL REDIS_URL MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE
	MOSPARO_USE_SHARED_CACHE_FOR_RULE_ITEMS MOSPARO_RULE_ITEMS_CACHE_TTL MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED
	MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD MOSPARO_SUBMISSION_RETENTION_PERIOD MOSPARO_CLEANUP_PROCESS_INTERVAL
	MOSPARO_CLEANUP_UNFINISHED_INTERVAL MOSPARO_CONFIG_FILE_PATH MOSPARO_ENV_SUFFIX MOSPARO_BYPASS_HEALTH_CHECK
	MOSPARO_HEALTH_ALLOW_LIST MOSPARO_UPDATES_ENABLED MOSPARO_AUTOMATIC_UPDATE_CHECK_ENABLED
	MOSPARO_RULE_PACKAGE_ALLOW_PRIVATE_NETWORKS MOSPARO_RULE_PACKAGE_ALLOW_REDIRECTS
	MOSPARO_RULE_PACKAGE_MINIMUM_REFRESH_INTERVAL MOSPARO_ENABLE_WEBSERVER MOSPARO_ENABLE_CRON MOSPARO_RUN_NGINX
	MOSPARO_RUN_PHP_FPM DATABASE_MYSQL_SSL DATABASE_MYSQL_SSL_KEY DATABASE_MYSQL_SSL_CERT DATABASE_MYSQL_SSL_CA
	DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT database_system database_driver database_host database_port database_name
	database_user database_password database_version database_path mosparo_installed mosparo_installed_version encryption_key
	replace_forwarded_for_header replaced_forwarded_proto_header`

func TestSettings_HaveEveryVariable(t *testing.T) {
	s, err := FromEnviron(nil)
	require.NoError(t, err)
	var names []string
	for e := range s.Variables() {
		names = append(names, e.Name)
		require.Equal(t, SourceDefault, e.Source)
		require.Empty(t, e.Error)
	}
	require.ElementsMatch(t, strings.Fields(documented), names)
}

// mosparo puts the key of env.mosparo.php in the place of the variable.
func TestSettings_TheEncryptionKeyOfTheFileWins(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"of the file":        {"<?php return ['encryption_key' => 'of the file'];", "of the file"},
		"of the environment": {"<?php return ['mosparo_installed' => true];", "of the environment"},
	} {
		dir := writeProject(t, map[string]string{"config/env.mosparo.php": c.file})
		s, err := Load(dir, []string{"ENCRYPTION_KEY=of the environment"})
		require.NoError(t, err)
		require.Equal(t, c.want, s.EncryptionKey.Reveal(), name)
		require.Equal(t, "********", s.Variable("encryption_key").Value)
		require.Equal(t, filepath.Join(dir, "config/env.mosparo.php"), s.ConfigFile)
	}
	s, err := FromEnviron([]string{"ENCRYPTION_KEY=x"})
	require.NoError(t, err)
	require.Equal(t, "x", s.EncryptionKey.Reveal())
	require.Empty(t, s.ConfigFile)
}
