package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig"
)

func addresses(prefixes ...string) envconfig.TrustedProxies {
	var all envconfig.TrustedProxies
	for _, p := range prefixes {
		all.Prefixes = append(all.Prefixes, netip.MustParsePrefix(p))
	}
	return all
}

func TestHealth_AnswersAsMosparoDoes(t *testing.T) {
	local := addresses("127.0.0.1/32")
	up := func(context.Context) error { return nil }
	down := func(context.Context) error { return errors.New("dial tcp 10.0.0.5: user root denied") }
	for name, c := range map[string]struct {
		h      health
		status int
		body   string
	}{
		"connected": {
			health{installed: true, supported: true, ping: up},
			200,
			`{"service":"mosparo","healthy":true,"databaseStatus":"connected","error":null,"statusCode":200}`,
		},
		"database gone": {
			health{installed: true, supported: true, ping: down},
			500,
			`{"service":"mosparo","healthy":false,"databaseStatus":"connection-failed","error":"the database cannot be reached","statusCode":500}`,
		},
		"not installed": {
			health{supported: true, ping: down},
			200,
			`{"service":"mosparo","healthy":true,"databaseStatus":"test-skipped__not-configured","error":null,"statusCode":200}`,
		},
		"in the middle of an update": {
			health{installed: true, ping: down},
			200,
			`{"service":"mosparo","healthy":true,"databaseStatus":"test-skipped__update-not-finished","error":null,"statusCode":200}`,
		},
		"bypassed": {
			health{bypass: true, installed: true, supported: true, ping: down},
			200,
			`{"service":"mosparo","healthy":null,"databaseStatus":"bypassed","error":"","statusCode":200}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.h.allowed = local.Contains
			r := httptest.NewRequest(http.MethodGet, "/api/v1/health/check", nil)
			r.RemoteAddr = "127.0.0.1:4711"
			w := httptest.NewRecorder()
			c.h.ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code)
			require.JSONEq(t, c.body, w.Body.String())
		})
	}
}

func TestHealth_TakesTheHeaderThatReplacesXForwardedFor(t *testing.T) {
	require.Empty(t, serverHeader("CloudFront-Viewer-Address"), "no entry of PHP's $_SERVER")
	header := serverHeader("HTTP_CF_CONNECTING_IP")
	h := &health{
		bypass: true, allowed: addresses("192.0.2.7/32").Contains,
		proxies: trustedProxies{TrustedProxies: addresses("10.0.0.1/32"), header: header},
	}
	ask := func(remote string, headers ...string) int {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/health/check", nil)
		r.RemoteAddr = remote
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, 200, ask("10.0.0.1:1", "Cf-Connecting-Ip", "192.0.2.7", "X-Forwarded-For", "198.51.100.1"))
	require.Equal(t, 404, ask("10.0.0.1:1", "Cf-Connecting-Ip", "198.51.100.1", "X-Forwarded-For", "192.0.2.7"))
	require.Equal(t, 200, ask("10.0.0.1:1", "X-Forwarded-For", "192.0.2.7"), "a request without it")
	require.Equal(t, 404, ask("198.51.100.1:1", "Cf-Connecting-Ip", "192.0.2.7"), "no trusted proxy")
}

func TestHealth_IsHiddenFromClientsThatAreNotAllowed(t *testing.T) {
	allowed := addresses("192.0.2.0/24", "::1/128")
	proxy := trustedProxies{TrustedProxies: addresses("10.0.0.0/8")}
	loopback := trustedProxies{TrustedProxies: addresses("::1/128")} // and allowed itself
	for name, c := range map[string]struct {
		proxies   trustedProxies
		remote    string
		forwarded string
		status    int
	}{
		"allowed":                             {proxy, "192.0.2.7:1", "", 200},
		"allowed, IPv6":                       {proxy, "[::1]:1", "", 200},
		"allowed, IPv4 in IPv6":               {proxy, "[::ffff:192.0.2.7]:1", "", 200},
		"stranger":                            {proxy, "198.51.100.1:1", "", 404},
		"stranger who claims to be allowed":   {proxy, "198.51.100.1:1", "192.0.2.7", 404},
		"allowed through the proxy":           {proxy, "10.0.0.1:1", "192.0.2.7", 200},
		"stranger through the proxy":          {proxy, "10.0.0.1:1", "198.51.100.1", 404},
		"stranger with a forged chain":        {proxy, "10.0.0.1:1", "192.0.2.7, 198.51.100.1", 404},
		"allowed through two proxies":         {proxy, "10.0.0.1:1", "192.0.2.7, 10.0.0.2", 200},
		"garbage behind the proxy":            {proxy, "10.0.0.1:1", "garbage", 404},
		"stranger behind an unknown host":     {loopback, "[::1]:1", "198.51.100.1, unknown", 404},
		"allowed behind an unknown host":      {proxy, "10.0.0.1:1", "192.0.2.7, unknown", 200},
		"stranger with half a port":           {proxy, "10.0.0.1:1", "192.0.2.7, 198.51.100.1:x", 404},
		"allowed, IPv6 with a port":           {proxy, "10.0.0.1:1", "[::1]:4711", 200},
		"stranger through a local proxy":      {loopback, "[::1]:1", "198.51.100.1:4711", 404},
		"anyone can forge if all are trusted": {trustedProxies{TrustedProxies: envconfig.TrustedProxies{Everyone: true}}, "198.51.100.1:1", "192.0.2.7", 200},
		"no address":                          {proxy, "@", "", 404},
	} {
		t.Run(name, func(t *testing.T) {
			h := &health{bypass: true, allowed: allowed.Contains, proxies: c.proxies}
			r := httptest.NewRequest(http.MethodGet, "/api/v1/health/check", nil)
			r.RemoteAddr = c.remote
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code)
		})
	}
}
