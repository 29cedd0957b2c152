package envconfig

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const hunter = "hunter2"

// printed is v in every way that a program may print it by accident.
func printed(v any) string {
	type holder struct{ Exported, unexported any }
	var b strings.Builder
	for _, x := range []any{v, holder{v, v}, []any{v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&b, verb, x)
		}
		raw, _ := json.Marshal(x)
		b.Write(raw)
	}
	raw, _ := xml.Marshal(v)
	b.Write(raw)
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "v", v, "group", slog.GroupValue(slog.Any("v", v)))
	}
	if err, ok := v.(error); ok {
		b.WriteString(err.Error())
	}
	return b.String() + out.String()
}

func requireHidden(t *testing.T, what string, v any) {
	t.Helper()
	text := printed(v)
	for _, form := range []string{hunter, hex.EncodeToString([]byte(hunter)), strings.ToUpper(hex.EncodeToString([]byte(hunter))), fmt.Sprintf("%d", []byte(hunter))} {
		if i := strings.Index(text, form); i >= 0 {
			t.Fatalf("%s: the password shows in %q", what, text[max(0, i-60):min(len(text), i+60)])
		}
	}
}

func TestSecret_ShowsAsStarsHoweverItIsPrinted(t *testing.T) {
	type holder struct {
		Name   string
		secret Secret
		Secret Secret
	}
	s := NewSecret(hunter)
	for _, v := range []any{s, &s, holder{"n", s, s}, &holder{"n", s, s}, []Secret{s}, map[string]Secret{"k": s}, Value[Secret]{V: s}} {
		requireHidden(t, fmt.Sprintf("%T", v), v)
	}
	require.Equal(t, hunter, s.Reveal())
	require.Equal(t, "********", s.String())
	require.Equal(t, "********", fmt.Sprintf("%q", s))
	require.Equal(t, `{"password":"********"}`, func() string {
		raw, err := json.Marshal(map[string]Secret{"password": s})
		require.NoError(t, err)
		return string(raw)
	}())
	require.Empty(t, fmt.Sprintf("%v%#v%s", Secret{}, Secret{}, NewSecret("")))
	require.True(t, NewSecret("").IsZero())
}

// secretDSNs puts the password wherever one may stand, into DSNs that are
// right, wrong, or wrong in the password itself.
func secretDSNs() (dsns []string) {
	for _, scheme := range []string{"redis:", "rediss:", "memcached:", "http:", "redis", "Redis:", ""} {
		for _, login := range []string{
			"//" + hunter + "@", "//:" + hunter + "@", "//u:" + hunter + "@", "//u:" + hunter + ":x@", "//u:x@" + hunter + "@", hunter + "@",
			"//u:x/" + hunter + "@", "//u:x?" + hunter + "@", "//u:x#" + hunter + "@", "//u:x@" + hunter + ":y@", "//u:%zz" + hunter + "@",
		} {
			for _, rest := range []string{
				"host", "host:6379/2", "host:99999", "host:abc", "", "/run/x.sock", "host/abc", "host/1?dbindex=2", "[::1", "host/1/2",
				"?host[a]&host[b]", "?host=a", "host?redis_cluster=1", "host?redis_sentinel=m", "host?redis_cluster=1&redis_sentinel=m",
				"host?timeout=x", "host?unknown=1", "host # comment", "host:6379 # comment", "host?hash=x", "host?serializer=x", "host?class=Foo",
				"host?ssl=1", "host?distribution=modula", "ho st",
			} {
				dsns = append(dsns, scheme+login+rest)
			}
		}
		for _, query := range []string{
			"auth=" + hunter, "auth[]=u&auth[]=" + hunter, "auth[user]=u&auth[pass]=" + hunter, "auth[x][y]=" + hunter, "ssl[passphrase]=" + hunter,
			"password=" + hunter, "username=u&password=" + hunter, "pass=" + hunter, "auth=x@" + hunter, "AUTH=" + hunter, "ssl[x]=" + hunter,
			"unknown[" + hunter + " x]=1", "p@" + hunter + "=1", "ssl[@" + hunter + "]=1", "timeout=x" + hunter, "dbindex=" + hunter, "failover=" + hunter + "&redis_cluster=1",
			"hash=" + hunter, "class=" + hunter, "auth=x&" + hunter, "auth=x&" + hunter + "=y&z=1",
		} {
			dsns = append(dsns, scheme+"//host?"+query, scheme+"//host:x?"+query, scheme+"?host[a]&host[b]&"+query, scheme+"//host?redis_sentinel=m&"+query)
		}
	}
	return dsns
}

// hostIsSecret: with an unquoted @ in the password, its rest is what Symfony
// connects to, and must be shown.
func hostIsSecret(d *Description) bool {
	for _, h := range d.Hosts {
		if strings.Contains(h.Host+h.Path, hunter) {
			return true
		}
	}
	return false
}

func TestDSN_NothingShowsAPassword(t *testing.T) {
	parsed := 0
	for _, dsn := range secretDSNs() {
		d, err := DescribeDSN(dsn)
		requireHidden(t, dsn, err)
		if d == nil {
			continue
		}
		if parsed++; hostIsSecret(d) || strings.Contains(dsn, "timeout=x"+hunter) {
			continue
		}
		requireHidden(t, dsn, *d)
		if d.Kind == "redis" {
			r, err := ParseRedisDSN(dsn)
			require.NoError(t, err)
			requireHidden(t, dsn, *r)
			requireHidden(t, dsn, r.show())
		} else {
			m, err := ParseMemcachedDSN(dsn)
			require.NoError(t, err)
			requireHidden(t, dsn, *m)
			requireHidden(t, dsn, m.show())
		}
	}
	require.Greater(t, parsed, 500)
}

func TestSettings_NothingShowsAPassword(t *testing.T) {
	environments := [][]string{
		{"database_password=" + hunter},
		{"database_password=" + hunter, "database_port=x", "database_driver=x"},
		{"LOCK_DSN=redis://:" + hunter + "@host"},
		{"LOCK_DSN=" + hunter},
		{"database_password=" + hunter, "DATABASE_MYSQL_SSL=1"},
		{"database_password=" + hunter, "database_user=a:b"},
		{"database_password=" + hunter, "database_driver=pdo_pgsql"},
		{"database_password=" + hunter, "database_driver=pdo_pgsql", "database_host=/x"},
		{"database_password=" + hunter, "database_host=a)b"},
	}
	for i, dsn := range secretDSNs() {
		d, _ := DescribeDSN(dsn)
		if i%11 != 0 || d != nil && hostIsSecret(d) || strings.Contains(dsn, "timeout=x"+hunter) {
			continue
		}
		adapter := []string{AdapterRedis, AdapterMemcached, AdapterFilesystem}[i%3]
		environments = append(environments, []string{"MOSPARO_CACHE_ADAPTER=" + adapter, "REDIS_URL=" + dsn, "MEMCACHED_URL=" + dsn})
	}
	for _, environ := range environments {
		s, err := FromEnviron(environ)
		requireSettingsHidden(t, fmt.Sprint(environ), s, err)
	}
	for _, content := range []string{
		"<?php return ['database_password' => '" + hunter + "', 'encryption_key' => '" + hunter + "', 'mailer_password' => '" + hunter + "'];",
		"<?php return ['database_password' => ['" + hunter + "']];",
		"<?php return ['database_password' => '" + hunter + "', 'database_port' => 'x'];",
		"<?php return ['database_password' => 'a'" + hunter + "'];",
		"<?php return ['database_password' => " + hunter + "];",
		"<?php return ['database_password' => '" + hunter,
		"<?php return ['database_password' => $" + hunter + "];",
		"<?php return ['database_password' => \"$" + hunter + "\"];",
	} {
		s, err := Load(writeProject(t, map[string]string{"config/env.mosparo.php": content}), WithEnviron(nil))
		requireSettingsHidden(t, content, s, err)
	}
}

func requireSettingsHidden(t *testing.T, what string, s *Settings, err error) {
	t.Helper()
	requireHidden(t, what, err)
	requireHidden(t, what, *s)
	var entries []Entry
	for e := range s.All() {
		entries = append(entries, e)
	}
	requireHidden(t, what, entries)
	c, err := s.Database.Connection()
	requireHidden(t, what, c)
	requireHidden(t, what, err)
}
