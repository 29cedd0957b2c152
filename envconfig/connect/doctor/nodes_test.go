package doctor_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
)

func TestNodes_FindsWhatDiffersBetweenRecords(t *testing.T) {
	now := time.Now()
	node := func(id, library, mosparo string, seen time.Duration) nodes.Node {
		return nodes.Node{ID: id, Host: "host-" + id, Mode: nodes.ModeClean, Library: library, Mosparo: mosparo, Seen: now.Add(seen)}
	}
	for code, others := range map[string]nodes.Node{
		"nodes_library_differs": node("b", "v1.1.0", "1.5.4", 0),
		"nodes_mosparo_differs": node("b", "v1.0.0", "1.5.3", 0),
		"nodes_clock":           node("b", "v1.0.0", "1.5.4", 3*time.Second),
	} {
		all := []nodes.Node{node("a", "v1.0.0", "1.5.4", -time.Minute), others}
		require.Equal(t, []string{code}, codes(doctor.NodeFindings(all, "1.5.4", now)))
		find(t, doctor.NodeFindings(all, "1.5.4", now), code)
		all[1].Stopped = true
		require.Empty(t, doctor.NodeFindings(all, "1.5.4", now))
	}
	all := []nodes.Node{node("a", "v1.0.0", "1.5.4", 0), node("php", "", "", 0)}
	require.Empty(t, doctor.NodeFindings(all, "1.5.4", now), "what is not known does not differ")
	require.Equal(t, []string{"nodes_mosparo_differs"}, codes(doctor.NodeFindings(all, "1.5.3", now)), "from this one's")
}

func TestNodes_FindsInstallationsThatDiffer(t *testing.T) {
	s := servers.Redis(t)
	adapter := adapterOf(t, "redis://"+s.Addr())
	backend, closer, err := connect.Lock(settings(t, "REDIS_URL=redis://"+s.Addr()))
	require.NoError(t, err)
	defer closer.Close()
	locker := lock.New(backend)
	defer locker.Close()
	publish := func(host, mailer string) {
		dir := t.TempDir()
		for _, path := range []string{"config", "public/resources", "var/data"} {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, path), 0o755))
		}
		text := "<?php return ['encryption_key' => 'geheim77', 'mosparo_installed' => true, 'mosparo_installed_version' => '1.5.4', 'mailer_host' => '" + mailer + "'];"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte(text), 0o600))
		local, err := envconfig.Load(dir, nil)
		require.NoError(t, err)
		_, err = nodes.New(cache.NewPool(adapter), locker, local, nodes.WithHost(host)).Publish(t.Context(), time.Hour)
		require.NoError(t, err)
	}
	publish("one", "mail.example.com")
	publish("two", "mail.example.com")
	r := examine(t, "redis://"+s.Addr())
	require.Equal(t, []string{"cache_not_durable"}, codes(r.Findings))
	require.Equal(t, "2", part(t, r, "nodes").Server)
	publish("three", "other.example.com")
	f := find(t, examine(t, "redis://"+s.Addr()).Findings, "nodes_differ")
	require.Contains(t, f.What, "mailer_host")
	require.Contains(t, f.What, "three")

	require.NoError(t, adapter.Set(t.Context(), cache.Item{Key: "mosparoGoNodes", Value: []byte(`a:1:{s:6:"format";i:1;}`)}))
	find(t, examine(t, "redis://"+s.Addr()).Findings, "nodes_unreadable")
	require.Empty(t, doctor.Examine(context.Background(), settings(t, "MOSPARO_CACHE_ADAPTER=none", "-database_driver", "-database_host")).Parts)
}
