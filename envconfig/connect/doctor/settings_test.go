package doctor_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// good are settings without a finding.
var good = []string{
	"mosparo_installed=1", "mosparo_installed_version=1.5.4", "database_driver=pdo_mysql", "database_host=db.example.com",
	"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://node:geheim77@cache.example.com", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
	"MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=1",
}

// settings reads settings; those that are given win over the good ones, and -NAME takes
// one away.
func settings(t *testing.T, environ ...string) *envconfig.Settings {
	t.Helper()
	all := slices.Clone(good)
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		name = strings.TrimPrefix(name, "-")
		all = slices.DeleteFunc(all, func(other string) bool { return strings.HasPrefix(other, name+"=") })
		if !strings.HasPrefix(e, "-") {
			all = append(all, e)
		}
	}
	s, _ := envconfig.FromEnviron(all) // some are meant to be wrong
	require.NotNil(t, s)
	return s
}

// codes returns the codes of findings.
func codes(findings []doctor.Finding) (all []string) {
	for _, f := range findings {
		all = append(all, f.Code)
	}
	return all
}

// find returns the finding with a code.
func find(t *testing.T, findings []doctor.Finding, code string) doctor.Finding {
	t.Helper()
	i := slices.IndexFunc(findings, func(f doctor.Finding) bool { return f.Code == code })
	require.GreaterOrEqual(t, i, 0, "%s is not among %q", code, codes(findings))
	f := findings[i]
	require.NotEmpty(t, f.Subject, code)
	require.NotEmpty(t, f.What, code)
	require.NotEmpty(t, f.Consequence, code)
	require.NotEmpty(t, f.Remedy, code)
	return f
}

func TestSettings_FindsNothingInGoodOnes(t *testing.T) {
	require.Empty(t, doctor.Settings(settings(t)))
	// What mosparo's own .env sets is no mistake.
	s := settings(t, "-REDIS_URL", "REDIS_URL=redis://localhost", "MEMCACHED_URL=memcached://localhost", "MOSPARO_CACHE_ADAPTER=",
		"FILESYSTEM_CACHE_PATH=/var/cache/mosparo", "LOCK_DSN=flock", "PATH=/bin", "DATABASE_PORT=tcp://10.0.0.1:3306", "database_port=3306", "MOSPARO=1")
	require.Empty(t, doctor.Settings(s))
}

func TestSettings_FindsMistakes(t *testing.T) {
	files := []string{"MOSPARO_CACHE_ADAPTER=filesystem", "-REDIS_URL"}
	for _, c := range []struct {
		code     string
		severity doctor.Severity
		subject  string
		environ  []string
	}{
		{"redis_url_without_adapter", doctor.Warning, "REDIS_URL", []string{"-MOSPARO_CACHE_ADAPTER"}},
		{"redis_url_without_adapter", doctor.Warning, "REDIS_URL", []string{"MOSPARO_CACHE_ADAPTER="}},
		{"redis_url_without_adapter", doctor.Warning, "REDIS_URL", []string{"MOSPARO_CACHE_ADAPTER=", "REDIS_URL=no address"}},
		{"memcached_url_without_adapter", doctor.Warning, "MEMCACHED_URL", append(files, "MEMCACHED_URL=memcached://cache.example.com")},
		{"adapter_contradicts_address", doctor.Error, "MOSPARO_CACHE_ADAPTER", []string{"-REDIS_URL", "MEMCACHED_URL=memcached://cache.example.com"}},
		{"adapter_contradicts_address", doctor.Error, "MOSPARO_CACHE_ADAPTER", []string{"REDIS_URL=redis://localhost", "MEMCACHED_URL=memcached://cache.example.com"}},
		{"adapter_contradicts_address", doctor.Error, "MOSPARO_CACHE_ADAPTER", []string{"MOSPARO_CACHE_ADAPTER=memcached"}},
		{"cache_address_default", doctor.Note, "REDIS_URL", []string{"-REDIS_URL"}},
		{"cache_address_default", doctor.Note, "MEMCACHED_URL", []string{"-REDIS_URL", "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://localhost"}},
		{"cache_on_this_host", doctor.Note, "REDIS_URL", []string{"REDIS_URL=redis://127.0.0.1:6380"}},
		{"cache_on_this_host", doctor.Note, "REDIS_URL", []string{"REDIS_URL=redis:///run/redis.sock"}},
		{"cache_on_this_host", doctor.Note, "MEMCACHED_URL", []string{"-REDIS_URL", "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://[::1]"}},
		{"cache_address_unsupported", doctor.Error, "REDIS_URL", []string{"REDIS_URL=redis:?host[a]&host[b]"}},
		{"cache_address_unsupported", doctor.Error, "MEMCACHED_URL", []string{"-REDIS_URL", "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://user:geheim77@cache.example.com"}},
		{"setting_misspelled", doctor.Warning, "MOSPARO_CACHE_ADAPTR", []string{"MOSPARO_CACHE_ADAPTR=redis"}},
		{"setting_misspelled", doctor.Warning, "MOSPARO_CACHE_ADAPTR", []string{"MOSPARO_CACHE_ADAPTER=", "MOSPARO_CACHE_ADAPTR=redis"}},
		{"setting_misspelled", doctor.Warning, "REDIS_URI", []string{"REDIS_URI=redis://h"}},
		{"setting_misspelled", doctor.Warning, "mosparo_cleanup_process_interval", []string{"mosparo_cleanup_process_interval=6"}},
		{"setting_misspelled", doctor.Warning, "DATABASE_MYSQL_SLL", []string{"DATABASE_MYSQL_SLL=1"}},
		{"setting_invalid", doctor.Error, "MOSPARO_CACHE_ADAPTER", []string{"MOSPARO_CACHE_ADAPTER=rediss"}},
		{"setting_invalid", doctor.Error, "REDIS_URL", []string{"REDIS_URL=cache.example.com"}},
		{"setting_warning", doctor.Warning, "MOSPARO_CLEANUP_PROCESS_INTERVAL", []string{"MOSPARO_CLEANUP_PROCESS_INTERVAL=25"}},
		{"setting_warning", doctor.Warning, "TRUSTED_PROXIES", []string{"TRUSTED_PROXIES=REMOTE_ADDR"}},
		{"setting_warning", doctor.Warning, "MOSPARO_BYPASS_HEALTH_CHECK", []string{"MOSPARO_BYPASS_HEALTH_CHECK=y"}},
		{"cache_path_unset", doctor.Warning, "FILESYSTEM_CACHE_PATH", files},
		{"shared_cache_missing", doctor.Warning, "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE", files},
		{"shared_cache_missing", doctor.Warning, "MOSPARO_USE_SHARED_CACHE_FOR_RULE_ITEMS", append(files, "MOSPARO_USE_SHARED_CACHE_FOR_RULE_ITEMS=1")},
		{"css_in_files", doctor.Note, "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE", []string{"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=0"}},
		{"grace_period_off", doctor.Note, "MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED", []string{"-MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED"}},
		{"intervals_contradict", doctor.Warning, "MOSPARO_CLEANUP_UNFINISHED_INTERVAL", []string{"MOSPARO_CLEANUP_UNFINISHED_INTERVAL=60", "MOSPARO_CLEANUP_PROCESS_INTERVAL=1"}},
		{"database_not_configured", doctor.Error, "database_driver", []string{"-database_driver", "-database_host"}},
		{"database_setting_invalid", doctor.Error, "database_driver", []string{"database_driver=oci8"}},
		{"database_setting_warning", doctor.Note, "database", []string{"database_host=localhost"}},
		{"sqlite_with_shared_cache", doctor.Warning, "database_driver", []string{"database_driver=pdo_sqlite", "database_path=/data.sqlite"}},
		{"password_without_server", doctor.Note, "database_password", []string{"database_driver=pdo_sqlite", "database_path=/data.sqlite", "database_password=geheim77"}},
		{"mosparo_version_unknown", doctor.Warning, "mosparo_installed_version", []string{"mosparo_installed_version=2.0.0"}},
		{"mosparo_version_unknown", doctor.Warning, "mosparo_installed_version", []string{"-mosparo_installed"}},
		{"health_check_bypassed", doctor.Warning, "MOSPARO_BYPASS_HEALTH_CHECK", []string{"MOSPARO_BYPASS_HEALTH_CHECK=1"}},
	} {
		all := doctor.Settings(settings(t, c.environ...))
		f := find(t, all, c.code)
		require.Contains(t, codes(all), c.code)
		require.True(t, slices.ContainsFunc(all, func(f doctor.Finding) bool {
			return f.Code == c.code && f.Severity == c.severity && f.Subject == c.subject
		}), "%v %v", c, f)
		text, err := json.Marshal(all)
		require.NoError(t, err)
		require.NotContains(t, string(text), "geheim77")
	}
}

func TestSettings_SaysThatTheFileOfTheDatabaseCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte("<?php return getenv();"), 0o600))
	s, err := envconfig.Load(dir, nil)
	require.Error(t, err)
	require.Equal(t, doctor.Error, find(t, doctor.Settings(s), "database_unknown").Severity)
}

func TestFindings_AreJSONInSnakeCaseTheWorstFirst(t *testing.T) {
	all := doctor.Settings(settings(t, "MOSPARO_CACHE_ADAPTER=rediss", "MOSPARO_BYPASS_HEALTH_CHECK=1", "database_host=localhost"))
	require.Equal(t, doctor.Error, doctor.Worst(all))
	require.True(t, slices.IsSortedFunc(all, func(a, b doctor.Finding) int { return int(b.Severity - a.Severity) }))
	text, err := json.Marshal(all)
	require.NoError(t, err)
	require.Contains(t, string(text), `{"code":"setting_invalid","severity":"error","subject":"MOSPARO_CACHE_ADAPTER","what":"`)
	var back []doctor.Finding
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, all, back)
	require.ErrorContains(t, new(doctor.Severity).UnmarshalText([]byte("fatal")), `"fatal"`)
	require.Equal(t, "Severity(7)", doctor.Severity(7).String())
}

func TestMisspelled_Distance(t *testing.T) {
	for pair, want := range map[[2]string]int{
		{"", ""}: 0, {"a", ""}: 1, {"", "ab"}: 2, {"ADAPTR", "ADAPTER"}: 1, {"ADPATER", "ADAPTER"}: 1, {"SLL", "SSL"}: 1, {"PORT", "HOST"}: 2, {"URL", "URI"}: 1,
	} {
		require.Equal(t, want, doctor.MinimumDistance(pair[0], pair[1]), pair)
		require.Equal(t, want, doctor.MinimumDistance(pair[1], pair[0]), pair)
	}
}
