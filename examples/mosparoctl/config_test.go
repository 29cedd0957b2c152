package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig"
)

// all is what a command line left, for one assignment.
func (o outcome) all() (stdout, stderr string, code int) { return o.stdout, o.stderr, o.code }

// file writes a file below dir.
func file(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file(t, dir, ".env", "APP_ENV=prod\nMOSPARO_CACHE_ADAPTER=\n")
	file(t, dir, ".env.local", "MOSPARO_CACHE_ADAPTER=redis # for all nodes\nREDIS_URL=redis://node:hunter2@cache.example.com/1/2\n")
	file(t, dir, "config/env.mosparo.php", "<?php return ['database_driver' => 'pdo_mysql', 'database_host' => 'db', 'database_password' => 'hunter2', 'encryption_key' => 'hunter2'];")
	return dir
}

func TestConfig_ShowsValueSourceAndWarningOfEverySetting(t *testing.T) {
	dir := project(t)
	out, errs, code := ctl(t, []string{"MOSPARO_CLEANUP_PROCESS_INTERVAL=30"}, "", "config", "--dir", dir, "--json", "--all").all()
	require.Zero(t, code, errs)
	var r report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, dir, r.Dir)
	require.Len(t, r.Files, 3)
	require.Empty(t, r.Problems)
	byName := map[string]envconfig.Variable{}
	for _, e := range r.Settings {
		byName[e.Name] = e
	}
	require.Equal(t, envconfig.Variable{Name: "MOSPARO_CACHE_ADAPTER", Value: "redis", Source: envconfig.Source(filepath.Join(dir, ".env.local"))}, byName["MOSPARO_CACHE_ADAPTER"])
	require.Equal(t, "redis://node:********@cache.example.com:6379/2", byName["REDIS_URL"].Value)
	require.Contains(t, byName["REDIS_URL"].Warning, "only the last one counts")
	require.Equal(t, envconfig.SourceEnvironment, byName["MOSPARO_CLEANUP_PROCESS_INTERVAL"].Source)
	require.Contains(t, byName["MOSPARO_CLEANUP_PROCESS_INTERVAL"].Warning, "outside 1-24")
	require.Equal(t, "memcached://localhost:11211", byName["MEMCACHED_URL"].Value, "defaults are shown")
	require.Equal(t, "********", byName["database_password"].Value)

	text, _, code := ctl(t, nil, "", "config", "--dir="+dir).all()
	require.Zero(t, code)
	require.Contains(t, text, "REDIS_URL: of several numbers")
	require.NotContains(t, text+out, "hunter2")
}

func TestConfig_WarnsOfWhatSettingsMeanTogether(t *testing.T) {
	out, _, code := ctl(t, []string{"database_host=localhost"}, "", "config").all()
	require.Zero(t, code)
	require.Contains(t, out, "only the environment was read")
	require.Contains(t, out, "PHP reaches a MySQL at localhost through its Unix socket")
}

func TestConfig_ExitsWith1WhenANodeCouldNotStart(t *testing.T) {
	for name, environ := range map[string][]string{
		"unknown adapter; it must be":              {"MOSPARO_CACHE_ADAPTER=reddis"},
		"the comment after # is part of the value": {"MOSPARO_CACHE_ADAPTER=redis # Or memcached"},
		"RedisArray":   {"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis:?host[a]&host[b]&auth=hunter2"},
		"/missing.pem": {"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=rediss://:hunter2@a?ssl[cafile]=/missing.pem"},
		"neither _KEY, _CERT nor _CA names a file":   {"database_host=db", "database_password=hunter2", "DATABASE_MYSQL_SSL=1"},
		"must be pdo_mysql, pdo_pgsql or pdo_sqlite": {"database_driver=oci8", "database_password=hunter2"},
	} {
		out, errs, code := ctl(t, environ, "", "config", "--all").all()
		require.Equal(t, 1, code, name)
		require.Contains(t, out, name)
		require.Contains(t, out, "MOSPARO_CACHE_ADAPTER", "the settings are shown all the same")
		require.NotContains(t, out+errs, "hunter2")

		out, _, code = ctl(t, environ, "", "config", "--json").all()
		require.Equal(t, 1, code)
		var r report
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		require.Len(t, r.Problems, 1)
	}
	_, errs, code := ctl(t, nil, "", "config", "--dir", t.TempDir()).all()
	require.Equal(t, 1, code)
	require.Contains(t, errs, "neither .env nor config/env.mosparo.php")
	_, _, code = ctl(t, nil, "", "config", "more").all()
	require.Equal(t, exitUsage, code)
}

func TestConfig_ChangesNothing(t *testing.T) {
	dir := project(t)
	missing := filepath.Join(dir, "cache")
	_, _, code := ctl(t, []string{"MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + missing, "database_driver=pdo_sqlite", "database_path=" + filepath.Join(dir, "x.sqlite")}, "", "config", "--dir", dir).all()
	require.Zero(t, code)
	require.NoDirExists(t, missing)
	require.NoFileExists(t, filepath.Join(dir, "x.sqlite"))
}

func TestConfigDSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"redis://u:hunter2@h:1/2?timeout=3":      `{"kind":"redis","class":"Redis","hosts":[{"host":"h","port":1,"weight":0}],"tls":false,"database":2,"user":"u","password":"********","sentinel":"","cluster":false,"options":{"timeout":"3"},"warnings":[]}`,
		"memcached:?host[/run/m]=3&host[b:5]=67": `{"kind":"memcached","hosts":[{"path":"/run/m","weight":3},{"host":"b","port":5,"weight":67}],"tls":false,"database":0,"user":"","sentinel":"","cluster":false,"distribution":"ketama","hash":"md5","options":{},"warnings":[]}`,
	} {
		out, errs, code := ctl(t, nil, "", "config", "dsn", "--", dsn).all()
		require.Zero(t, code, errs)
		require.JSONEq(t, want, out)
	}
	for dsn, want := range map[string]string{
		"redis:?host[a]&host[b]&auth=hunter2":           "not supported",
		"memcached://u:hunter2@h":                       "not supported",
		"redis://:hunter2@h/x":                          "dbindex",
		"http://:hunter2@h":                             "does not start with",
		"redis://:hunter2@127.0.0.1:1?redis_sentinel=m": "no sentinel names the master",
	} {
		out, errs, code := ctl(t, nil, "", "config", "dsn", dsn).all()
		require.Equal(t, 1, code, dsn)
		require.Empty(t, out)
		require.Contains(t, errs, want)
		require.NotContains(t, errs, "hunter2")
	}
}

func TestConfigDSN_ShowsPasswordsOnlyIfAskedTo(t *testing.T) {
	const dsn = "redis://u:hunter2@h?redis_cluster=1"
	for _, args := range [][]string{{"--reveal", "--", dsn}, {"--reveal", dsn}, {"--reveal", "-"}} {
		for _, end := range []string{"", "\n", "\r\n"} {
			out, errs, code := ctl(t, nil, dsn+end, append([]string{"config", "dsn"}, args...)...).all()
			require.Zero(t, code, errs)
			require.JSONEq(t, `{"kind":"redis","class":"RedisCluster","hosts":[{"host":"h","port":6379,"weight":0}],"tls":false,"database":0,"user":"u","password":"hunter2","sentinel":"","cluster":true,"options":{"redis_cluster":"1"},"warnings":[]}`, out)
		}
	}
	out, errs, code := ctl(t, nil, dsn+"\n", "config", "dsn", "-").all()
	require.Zero(t, code, errs)
	require.Contains(t, out, `"password":"********"`)
	require.NotContains(t, out, "hunter2")
	out, errs, code = ctl(t, nil, "redis://h\nredis://:hunter2@i\n", "config", "dsn", "-").all()
	require.Equal(t, exitUsage, code, "two addresses: %s", out)
	require.NotContains(t, errs, "hunter2")
}

func TestConfigDotenv_TakesADirectory(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, ".env", "APP_ENV=prod\nA=$B\n")
	file(t, dir, ".env.local", "B=local\n")
	file(t, dir, ".env.prod.local", "B=<prod>\n")
	out, errs, code := ctl(t, []string{"OTHER=x"}, "", "config", "dotenv", dir).all()
	require.Zero(t, code, errs)
	require.Equal(t, `{"APP_ENV":"prod","A":"<prod>","B":"<prod>","APP_DEBUG":"0"}`+"\n", out)
	out, errs, code = ctl(t, []string{"APP_ENV=dev", "B=real"}, "", "config", "dotenv", dir).all()
	require.Zero(t, code, errs)
	require.Equal(t, `{"APP_ENV":"dev","A":"real","B":"real","APP_DEBUG":"1"}`+"\n", out)

	_, errs, code = ctl(t, nil, "", "config", "dotenv", t.TempDir()).all()
	require.Equal(t, 1, code)
	require.Contains(t, errs, ".env: no such file")
}

func TestConfigDotenv(t *testing.T) {
	path := file(t, t.TempDir(), ".env", "B='<x>' # comment\nA=\"$HOST:${PORT:-6379}\"\nB=2\n")
	out, errs, code := ctl(t, []string{"HOST=db"}, "", "config", "dotenv", path).all()
	require.Zero(t, code, errs)
	require.Equal(t, `{"B":"2","A":"db:6379"}`+"\n", out)

	for content, want := range map[string]string{
		"A=hunter2 x\n":  ":1:", // line and column
		"A=$(hunter2)\n": "not supported",
		"A=\xff\n":       "not UTF-8",
	} {
		out, errs, code := ctl(t, nil, "", "config", "dotenv", file(t, t.TempDir(), ".env", content)).all()
		require.Equal(t, 1, code)
		require.Empty(t, out)
		require.Contains(t, errs, want)
		require.NotContains(t, errs, "hunter2")
	}
}

func TestConfigPHP(t *testing.T) {
	out, errs, code := ctl(t, nil, "", "config", "php", file(t, t.TempDir(), "x.php", "<?php return ['a' => 1, 'b' => [true]];")).all()
	require.Zero(t, code, errs)
	require.JSONEq(t, `{"t":"array","list":false,"entries":[[{"t":"string","v":"a"},{"t":"int","v":"1"}],[{"t":"string","v":"b"},{"t":"array","list":true,"entries":[[{"t":"int","v":"0"},{"t":"bool","v":true}]]}]]}`, out)

	for content, want := range map[string]string{
		"<?php\nreturn ['a' => getenv('x')];": ":2:",
		"<?php\nreturn ['a' => 'x'hunter2'];": ":2:",
		"<?php return ['a' => \"$hunter2\"];": "x.php:1:",
		"":                                    "does not begin",
	} {
		_, errs, code := ctl(t, nil, "", "config", "php", file(t, t.TempDir(), "x.php", content)).all()
		require.Equal(t, 1, code, content)
		require.Contains(t, errs, want)
		require.NotContains(t, errs, "hunter2")
	}
}

func TestConfig_LeavesOutDefaultsAlsoIfAFileSetsThem(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, ".env", "MOSPARO_CLEANUP_PROCESS_INTERVAL=6\nMOSPARO_CLEANUP_UNFINISHED_INTERVAL=30\nMOSPARO_CACHE_ADAPTER=redis\nREDIS_URL=redis://cache.example.com\n")
	settings := func(args ...string) (names []string, defaults int) {
		var r report
		out, errs, code := ctl(t, nil, "", append([]string{"config", "--json", "--dir", dir}, args...)...).all()
		require.Zero(t, code, errs)
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		for _, v := range r.Settings {
			names = append(names, v.Name)
		}
		return names, r.Defaults
	}
	const isDefault = "MOSPARO_CLEANUP_PROCESS_INTERVAL"
	few, left := settings()
	require.Subset(t, few, []string{"MOSPARO_CLEANUP_UNFINISHED_INTERVAL", "MOSPARO_CACHE_ADAPTER", "REDIS_URL"})
	require.NotContains(t, few, isDefault)
	all, none := settings("--all")
	require.Contains(t, all, isDefault)
	require.Zero(t, none)
	require.Len(t, all, len(few)+left)
	text, _, _ := ctl(t, nil, "", "config", "--dir", dir).all()
	require.Contains(t, text, "settings have their defaults; --all shows them")
}
