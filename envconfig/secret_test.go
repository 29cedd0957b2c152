package envconfig

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/internal/secrettest"
)

// hostIsSecret: with an unquoted @ in the password, its rest is what Symfony
// connects to, and must be shown.
func hostIsSecret(d *dsn.Description) bool {
	for _, h := range d.Hosts {
		if strings.Contains(h.Name+h.Path, secrettest.Password) {
			return true
		}
	}
	return false
}

func TestSettings_NothingShowsAPassword(t *testing.T) {
	environments := [][]string{
		{"database_password=" + secrettest.Password},
		{"database_password=" + secrettest.Password, "database_port=x", "database_driver=x"},
		{"LOCK_DSN=redis://:" + secrettest.Password + "@host"},
		{"LOCK_DSN=" + secrettest.Password},
		{"database_password=" + secrettest.Password, "DATABASE_MYSQL_SSL=1"},
		{"database_password=" + secrettest.Password, "database_user=a:b"},
		{"database_password=" + secrettest.Password, "database_driver=pdo_pgsql"},
		{"database_password=" + secrettest.Password, "database_driver=pdo_pgsql", "database_host=/x"},
		{"database_password=" + secrettest.Password, "database_host=a)b"},
	}
	step := 41 // of thousands
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		step = 11
	}
	for i, address := range secrettest.DSNs() {
		d, _ := dsn.Describe(address)
		if i%step != 0 || d != nil && hostIsSecret(d) || strings.Contains(address, "timeout=x"+secrettest.Password) {
			continue
		}
		adapter := []string{AdapterRedis, AdapterMemcached, AdapterFilesystem}[i%3]
		environments = append(environments, []string{"MOSPARO_CACHE_ADAPTER=" + adapter, "REDIS_URL=" + address, "MEMCACHED_URL=" + address})
	}
	for _, environ := range environments {
		s, err := FromEnviron(environ)
		requireSettingsHidden(t, fmt.Sprint(environ), s, err)
	}
	for _, content := range []string{
		"<?php return ['database_password' => '" + secrettest.Password + "', 'encryption_key' => '" + secrettest.Password + "', 'mailer_password' => '" + secrettest.Password + "'];",
		"<?php return ['database_password' => ['" + secrettest.Password + "']];",
		"<?php return ['database_password' => '" + secrettest.Password + "', 'database_port' => 'x'];",
		"<?php return ['database_password' => 'a'" + secrettest.Password + "'];",
		"<?php return ['database_password' => " + secrettest.Password + "];",
		"<?php return ['database_password' => '" + secrettest.Password,
		"<?php return ['database_password' => $" + secrettest.Password + "];",
		"<?php return ['database_password' => \"$" + secrettest.Password + "\"];",
	} {
		s, err := Load(writeProject(t, map[string]string{"config/env.mosparo.php": content}), nil)
		requireSettingsHidden(t, content, s, err)
	}
}

func requireSettingsHidden(t *testing.T, what string, s *Settings, err error) {
	t.Helper()
	secrettest.RequireHidden(t, what, err)
	secrettest.RequireHidden(t, what, *s)
	var entries []Variable
	for e := range s.Variables() {
		entries = append(entries, e)
	}
	secrettest.RequireHidden(t, what, entries)
	c, err := s.DatabaseConnection()
	secrettest.RequireHidden(t, what, c)
	secrettest.RequireHidden(t, what, err)
}
