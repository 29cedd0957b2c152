package csshttp_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/envconfig"
)

func TestOrigin_FollowsTrustedProxiesOnly(t *testing.T) {
	h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")))
	defer h.Close()
	for name, c := range map[string]struct {
		peer, host string
		tls        bool
		forwarded  [4]string // proto, host, port, prefix
		want       string    // "" is 400
	}{
		"direct":                   {"198.51.100.1:1", "A.example", false, [4]string{}, "http://a.example"},
		"direct with a port":       {"198.51.100.1:1", "a.example:8080", false, [4]string{}, "http://a.example:8080"},
		"direct with TLS":          {"198.51.100.1:1", "a.example:443", true, [4]string{}, "https://a.example"},
		"IPv6":                     {"198.51.100.1:1", "[2001:db8::1]:8080", false, [4]string{}, "http://[2001:db8::1]:8080"},
		"a forged request":         {"198.51.100.1:1", "a.example", false, [4]string{"https", "evil.example", "1", "/evil"}, "http://a.example"},
		"no address":               {"@", "a.example", false, [4]string{"https", "evil.example", "1", "/evil"}, "http://a.example"},
		"through the proxy":        {"10.0.0.1:1", "in", false, [4]string{"https", "a.example", "", "/spam/"}, "https://a.example/spam"},
		"IPv4 in IPv6":             {"[::ffff:10.0.0.1]:1", "in", false, [4]string{"https", "a.example", "", ""}, "https://a.example"},
		"a neighbour with a zone":  {"[fe80::1%eth0]:1", "in", false, [4]string{"https", "a.example", "", ""}, "https://a.example"},
		"a forged request in IPv6": {"[2001:db8::1]:1", "a.example", false, [4]string{"https", "evil.example", "", ""}, "http://a.example"},
		"its port does not count":  {"10.0.0.1:1", "in", false, [4]string{"https", "spam.example.com", "80", ""}, "https://spam.example.com"},
		"its port in the host":     {"10.0.0.1:1", "in", false, [4]string{"https", "a.example:8443", "", ""}, "https://a.example:8443"},
		"the port of Host does":    {"10.0.0.1:1", "in:8080", false, [4]string{"https", "", "443", ""}, "https://in:8080"},
		"TLS ends behind it":       {"10.0.0.1:1", "in", true, [4]string{"http", "", "", ""}, "http://in"},
		"the first of several":     {"10.0.0.1:1", "in", false, [4]string{"https, http", "a.example, b.example", "", "/x, /y"}, "https://a.example/x"},
		"nonsense":                 {"10.0.0.1:1", "in", false, [4]string{"gopher", "", "port", "//evil.example"}, "http://in"},
		"prefix with dots":         {"10.0.0.1:1", "in", false, [4]string{"", "", "", "/../x"}, "http://in"},
		"prefix that is a script":  {"10.0.0.1:1", "in", false, [4]string{"", "", "", `/"><script>`}, "http://in"},
		"host that is a path":      {"10.0.0.1:1", "in", false, [4]string{"", "a.example/evil", "", ""}, ""},
		"host with two dots":       {"198.51.100.1:1", "a..example", false, [4]string{}, ""},
		"host with a user":         {"198.51.100.1:1", "user@a.example", false, [4]string{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/resources/"+project.String()+".css", nil)
			r.Host, r.RemoteAddr = c.host, c.peer
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			for i, name := range []string{"Proto", "Host", "Port", "Prefix"} {
				if c.forwarded[i] != "" {
					r.Header.Set("X-Forwarded-"+name, c.forwarded[i])
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if c.want == "" {
				require.Equal(t, 400, w.Code)
				return
			}
			require.Equal(t, c.want+path(hashA), w.Result().Header.Get("Location"))
		})
	}
}

func TestOrigin_TakesTheHeaderThatReplacesXForwardedProto(t *testing.T) {
	for _, c := range []struct{ name, peer, proto, replaced, want string }{
		{"CloudFront-Forwarded-Proto", "10.0.0.1:1", "http", "https", "https"},
		{"CloudFront-Forwarded-Proto", "10.0.0.1:1", "https", "", "https"},
		{"CloudFront-Forwarded-Proto", "198.51.100.1:1", "", "https", "http"},
		{"HTTP_CLOUDFRONT_FORWARDED_PROTO", "10.0.0.1:1", "http", "https", "https"},
		{"", "10.0.0.1:1", "http", "https", "http"},
	} {
		h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithForwardedProto(c.name),
			csshttp.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8")))
		defer h.Close()
		r := httptest.NewRequest(http.MethodGet, "/resources/"+project.String()+".css", nil)
		r.RemoteAddr, r.Host = c.peer, "a.example"
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.Header.Set("CloudFront-Forwarded-Proto", c.replaced)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, c.want+"://a.example"+path(hashA), w.Result().Header.Get("Location"), c)
	}
}

func TestOrigin_TellsOfANameThatIsNoHeader(t *testing.T) {
	for _, name := range []string{"REQUEST_SCHEME", "HTTP_", "X-Proto: https", "X_FORWARDED_PROTO"} {
		var log strings.Builder
		h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithForwardedProto(name),
			csshttp.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		require.NoError(t, h.Close())
		require.Contains(t, log.String(), name)
		require.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
	}
}

func TestOrigin_OfSettingsThatTrustEveryone(t *testing.T) {
	for setting, want := range map[string]string{
		"REMOTE_ADDR": "https", "127.0.0.1,REMOTE_ADDR": "https", "192.0.2.0/24": "https", "127.0.0.1": "http",
	} {
		settings, err := envconfig.FromEnviron([]string{"TRUSTED_PROXIES=" + setting})
		require.NoError(t, err)
		h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithTrustedProxyFunc(settings.Proxies.Trusted.Contains))
		defer h.Close()
		for _, peer := range []string{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", "@"} {
			r := httptest.NewRequest(http.MethodGet, "/resources/"+project.String()+".css", nil)
			r.RemoteAddr, r.Host = peer, "a.example"
			r.Header.Set("X-Forwarded-Proto", "https")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if peer == "@" && setting == "192.0.2.0/24" {
				continue // a Unix socket has no address
			}
			require.Equal(t, want+"://a.example"+path(hashA), w.Result().Header.Get("Location"), setting+" "+peer)
		}
	}
}
