package health_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/health"
)

func TestHandler_HidesTheChecksFromClientsThatAreNotAllowed(t *testing.T) {
	const (
		proxy    = "TRUSTED_PROXIES=10.0.0.0/8"
		loopback = "TRUSTED_PROXIES=::1" // and allowed itself
		everyone = "TRUSTED_PROXIES=REMOTE_ADDR"
		both     = "TRUSTED_PROXIES=10.0.0.0/8,REMOTE_ADDR"
	)
	for name, c := range map[string]struct {
		proxies   string
		remote    string
		forwarded string
		status    int
	}{
		"allowed":               {proxy, "192.0.2.7:1", "", 200},
		"allowed, IPv6":         {proxy, "[::1]:1", "", 200},
		"allowed, IPv4 in IPv6": {proxy, "[::ffff:192.0.2.7]:1", "", 200},
		"unlisted client":       {proxy, "198.51.100.1:1", "", 404},
		"unlisted client who claims to be allowed": {proxy, "198.51.100.1:1", "192.0.2.7", 404},
		"allowed through the proxy":                {proxy, "10.0.0.1:1", "192.0.2.7", 200},
		"unlisted client through the proxy":        {proxy, "10.0.0.1:1", "198.51.100.1", 404},
		"unlisted client with a forged chain":      {proxy, "10.0.0.1:1", "192.0.2.7, 198.51.100.1", 404},
		"allowed through two proxies":              {proxy, "10.0.0.1:1", "192.0.2.7, 10.0.0.2", 200},
		"garbage behind the proxy":                 {proxy, "10.0.0.1:1", "garbage", 404},
		"the proxy itself":                         {proxy, "10.0.0.1:1", "", 404},
		"unlisted client behind an unknown host":   {loopback, "[::1]:1", "198.51.100.1, unknown", 404},
		"allowed behind an unknown host":           {proxy, "10.0.0.1:1", "192.0.2.7, unknown", 200},
		"unlisted client with half a port":         {proxy, "10.0.0.1:1", "192.0.2.7, 198.51.100.1:x", 404},
		"allowed, IPv6 with a port":                {proxy, "10.0.0.1:1", "[::1]:4711", 200},
		"unlisted client through a local proxy":    {loopback, "[::1]:1", "198.51.100.1:4711", 404},
		"anyone can forge if all are trusted":      {everyone, "198.51.100.1:1", "192.0.2.7", 200},
		"only the peer is trusted for all":         {everyone, "198.51.100.1:1", "192.0.2.7, 198.51.100.2", 404},
		"the peer is trusted in the chain":         {everyone, "198.51.100.1:1", "192.0.2.7, 198.51.100.1", 200},
		"a proxy behind anyone":                    {both, "198.51.100.1:1", "192.0.2.7, 10.0.0.2", 200},
		"no address":                               {proxy, "@", "", 404},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(settings(t, "", "MOSPARO_HEALTH_ALLOW_LIST=192.0.2.0/24,::1", c.proxies))
			for _, path := range []string{health.CheckPath, health.LivePath, health.ReadyPath} {
				var header []string
				if c.forwarded != "" {
					header = []string{"X-Forwarded-For", c.forwarded}
				}
				require.Equal(t, c.status, ask(h, http.MethodGet, path, c.remote, header...).StatusCode, path)
			}
		})
	}
}

func TestHandler_TakesTheHeaderThatReplacesXForwardedFor(t *testing.T) {
	const config = "'trusted_proxies' => '10.0.0.1', 'replace_forwarded_for_header' => '%s'"
	h := newHandler(settings(t, fmt.Sprintf(config, "HTTP_CF_CONNECTING_IP"), "MOSPARO_HEALTH_ALLOW_LIST=192.0.2.7"))
	status := func(remote string, header ...string) int {
		return ask(h, http.MethodGet, health.CheckPath, remote, header...).StatusCode
	}
	require.Equal(t, 200, status("10.0.0.1:1", "Cf-Connecting-Ip", "192.0.2.7", "X-Forwarded-For", "198.51.100.1"))
	require.Equal(t, 404, status("10.0.0.1:1", "Cf-Connecting-Ip", "198.51.100.1", "X-Forwarded-For", "192.0.2.7"))
	require.Equal(t, 200, status("10.0.0.1:1", "X-Forwarded-For", "192.0.2.7"), "a request without it")
	require.Equal(t, 404, status("198.51.100.1:1", "Cf-Connecting-Ip", "192.0.2.7"), "no trusted proxy")
	h = newHandler(settings(t, fmt.Sprintf(config, "Cf-Connecting-Ip"), "MOSPARO_HEALTH_ALLOW_LIST=192.0.2.7"))
	require.Equal(t, 404, status("10.0.0.1:1", "Cf-Connecting-Ip", "192.0.2.7"), "no entry of PHP's $_SERVER")
}

// Without a line in the log a balancer sees 404 and its operator does not know why.
func TestHandler_LogsARefusedAddressOnceWithTheSettingThatAllowsIt(t *testing.T) {
	log := &logged{}
	h := newHandler(settings(t, "", "MOSPARO_HEALTH_ALLOW_LIST=127.0.0.1,192.0.2.0/24"), health.WithLogger(log.logger()))
	for range 3 {
		for _, path := range []string{health.CheckPath, health.ReadyPath} {
			ask(h, http.MethodGet, path, "198.51.100.1:1")
			ask(h, http.MethodGet, path, "10.0.0.5:1", "X-Forwarded-For", "192.0.2.1")
		}
	}
	require.Len(t, log.lines(), 2)
	require.Contains(t, log.lines()[0], `to_allow="MOSPARO_HEALTH_ALLOW_LIST=127.0.0.1,192.0.2.0/24,198.51.100.1"`)
	require.NotContains(t, log.lines()[0], "TRUSTED_PROXIES")
	require.Contains(t, log.lines()[1], "10.0.0.5 is not in TRUSTED_PROXIES")
}

func TestHandler_LogsAFewHundredRefusedAddressesAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logged{}
		h := newHandler(settings(t, ""), health.WithLogger(log.logger()))
		address := netip.MustParseAddr("2001:db8::1")
		for range 2000 {
			ask(h, http.MethodGet, health.CheckPath, netip.AddrPortFrom(address, 1).String())
			address = address.Next()
		}
		require.Len(t, log.lines(), 256)
		time.Sleep(time.Hour)
		ask(h, http.MethodGet, health.CheckPath, "10.0.0.5:1")
		require.Contains(t, log.lines()[256], "10.0.0.5", "a new balancer, days after a scan")
	})
}
