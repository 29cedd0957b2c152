package envconfig

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/dotenv"
)

func TestHealth_AllowsWhoIsOnTheList(t *testing.T) {
	for _, c := range []struct {
		list           string
		allowed, other []string
	}{
		{"127.0.0.1,::1", []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"}, []string{"127.0.0.2", "10.0.0.1", "::2"}},
		{"10.1.2.3/8", []string{"10.255.0.1"}, []string{"11.0.0.1", "::1"}},
		{"fd00::/8\r\n192.0.2.1", []string{"fd12::1", "192.0.2.1", "fe80::1%eth0"}[:2], []string{"fe80::1"}},
		{"example.com,10.0.0.1", []string{"10.0.0.1"}, []string{"127.0.0.1"}},
		{"10.0.0.0/33", nil, []string{"10.0.0.1"}},
		{"", []string{"192.0.2.1", "2001:db8::1"}, nil},
	} {
		s, err := FromEnviron([]string{"MOSPARO_HEALTH_ALLOW_LIST=" + c.list})
		require.NoError(t, err)
		for _, a := range c.allowed {
			require.True(t, s.Health.Allows(netip.MustParseAddr(a)), "%q %s", c.list, a)
		}
		for _, a := range c.other {
			require.False(t, s.Health.Allows(netip.MustParseAddr(a)), "%q %s", c.list, a)
		}
	}
	s, err := FromEnviron(nil)
	require.NoError(t, err)
	require.True(t, s.Health.Allows(netip.MustParseAddr("::1")))
	require.False(t, s.Health.Allows(netip.MustParseAddr("192.0.2.1")))
	require.False(t, s.Health.Allows(netip.Addr{}))
}

func TestTrustedProxies_TheShippedDefaultIsThatOfTheSetup(t *testing.T) {
	const config = "<?php return ['trusted_proxies' => '10.0.0.0/8', 'replace_forwarded_for_header' => 'HTTP_CF_CONNECTING_IP', 'replaced_forwarded_proto_header' => 'HTTP_CF_PROTO'];"
	dir := writeProject(t, map[string]string{"config/env.mosparo.php": config})

	s := load(t, dir)
	require.Equal(t, "10.0.0.0/8", s.Proxies.Trusted.String())
	require.Equal(t, "HTTP_CF_CONNECTING_IP", s.Proxies.ForwardedForHeader)
	require.Equal(t, "HTTP_CF_PROTO", s.Proxies.ForwardedProtoHeader)

	s = load(t, dir, "TRUSTED_PROXIES=192.0.2.0/24")
	require.Equal(t, "192.0.2.0/24", s.Proxies.Trusted.String())
	require.Empty(t, s.Proxies.ForwardedForHeader)
	require.Contains(t, s.Variable("replace_forwarded_for_header").Warning, "not in force")

	s = load(t, dir, "TRUSTED_PROXIES=192.0.2.1,%default_trusted_proxies%")
	require.Equal(t, "192.0.2.1,10.0.0.0/8", s.Proxies.Trusted.String())

	s = load(t, writeProject(t, nil))
	require.Equal(t, "127.0.0.1", s.Proxies.Trusted.String())

	_, err := Load(dir, []string{"TRUSTED_PROXIES=%kernel.secret%"})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestReplacedHeaders_ThatDoNotCountAreWarnedOf(t *testing.T) {
	for config, want := range map[string][2]string{ // of for and proto
		"'replace_forwarded_for_header' => 'HTTP_A', 'replaced_forwarded_proto_header' => 'HTTP_B'": {},
		"'replace_forwarded_proto_header' => 'HTTP_B'":                                              {"", "mosparo reads replaced_forwarded_proto_header only"},
		"'replaced_forwarded_for_header' => 'HTTP_A'":                                               {"mosparo reads replace_forwarded_for_header only", ""},
		"'replace_forwarded_proto_header' => ''":                                                    {},
		"'replaced_forwarded_proto_header' => 'X-Proto'":                                            {"", "names such as HTTP_X_FORWARDED_PROTO"},
		"'replace_forwarded_for_header' => 'X-Client'":                                              {"names such as HTTP_X_FORWARDED_PROTO", ""},
	} {
		s := load(t, writeProject(t, map[string]string{"config/env.mosparo.php": "<?php return [" + config + "];"}))
		for i, name := range []string{"replace_forwarded_for_header", "replaced_forwarded_proto_header"} {
			v := s.Variable(name)
			if want[i] == "" {
				require.Empty(t, v.Warning, config)
			} else {
				require.Contains(t, v.Warning, want[i], config)
				require.Empty(t, []string{s.Proxies.ForwardedForHeader, s.Proxies.ForwardedProtoHeader}[i], config)
			}
		}
	}
}

// mosparo's front controller knows no other file.
func TestReplacedHeaders_AreThoseOfTheFileInConfig(t *testing.T) {
	const other = "<?php return ['trusted_proxies' => '10.0.0.0/8', 'replace_forwarded_for_header' => 'HTTP_OTHER'];"
	for name, files := range map[string]map[string]string{
		"":           {"config/env.mosparo.two.php": other},
		"HTTP_FRONT": {"config/env.mosparo.two.php": other, "config/env.mosparo.php": "<?php return ['trusted_proxies' => '192.0.2.1', 'replace_forwarded_for_header' => 'HTTP_FRONT'];"},
	} {
		dir := writeProject(t, files)
		path := filepath.Join(dir, "config", "env.mosparo.two.php")
		for _, choice := range []string{"MOSPARO_ENV_SUFFIX=two", "MOSPARO_CONFIG_FILE_PATH=" + path} {
			s := load(t, dir, choice)
			require.Equal(t, "10.0.0.0/8", s.Proxies.Trusted.String())
			require.Equal(t, name, s.Proxies.ForwardedForHeader)
			require.Contains(t, s.Variable("replace_forwarded_for_header").Warning, "does not count in "+path)
		}
	}
	// The file in config is a link to that of all releases.
	dir := writeProject(t, map[string]string{"shared/env.mosparo.php": other, "config/other.php": ""})
	shared := filepath.Join(dir, "shared", "env.mosparo.php")
	require.NoError(t, os.Symlink(shared, filepath.Join(dir, "config", "env.mosparo.php")))
	require.NotContains(t, load(t, dir, "MOSPARO_CONFIG_FILE_PATH="+shared).Variable("replace_forwarded_for_header").Warning, "does not count in")

	dir = writeProject(t, map[string]string{"config/env.mosparo.two.php": other, "config/env.mosparo.php": "<?php return f();"})
	s, err := Load(dir, []string{"MOSPARO_ENV_SUFFIX=two"})
	var file *dotenv.FileError
	require.ErrorAs(t, err, &file)
	require.Equal(t, filepath.Join(dir, "config", "env.mosparo.php"), file.Path)
	require.Empty(t, s.Proxies.ForwardedForHeader)
}

func TestTrustedProxies_RemoteAddrTrustsEveryone(t *testing.T) {
	s, err := FromEnviron([]string{"TRUSTED_PROXIES=127.0.0.1, REMOTE_ADDR"})
	require.NoError(t, err)
	require.True(t, s.Proxies.Trusted.Contains(netip.MustParseAddr("203.0.113.9")))
	require.Equal(t, "127.0.0.1,REMOTE_ADDR", s.Proxies.Trusted.String())

	s, err = FromEnviron([]string{"TRUSTED_PROXIES="})
	require.NoError(t, err)
	require.False(t, s.Proxies.Trusted.Contains(netip.MustParseAddr("127.0.0.1")))
}
