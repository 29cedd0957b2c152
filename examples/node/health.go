package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"

	"github.com/mosparo/go-cluster/envconfig"
)

// health answers GET /api/v1/health/check as mosparo's own HealthApiController
// does.
type health struct {
	// bypass is MOSPARO_BYPASS_HEALTH_CHECK: always positive, nothing tested.
	bypass bool
	// installed and version are mosparo_installed and
	// mosparo_installed_version; supported says whether this program knows the
	// version.
	installed, supported bool
	// ping looks into the database.
	ping func(ctx context.Context) error
	// allowed may ask; everybody else gets 404, as from mosparo.
	allowed func(netip.Addr) bool
	// proxies are those whose X-Forwarded-For counts.
	proxies trustedProxies
}

type healthAnswer struct {
	Service        string  `json:"service"`
	Healthy        *bool   `json:"healthy"`
	DatabaseStatus string  `json:"databaseStatus"`
	Error          *string `json:"error"`
	StatusCode     int     `json:"statusCode"`
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.allowed(h.proxies.client(r)) {
		http.NotFound(w, r)
		return
	}
	a := h.check(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.StatusCode)
	_ = json.NewEncoder(w).Encode(a) // the client is gone: nobody to tell
}

func (h *health) check(ctx context.Context) healthAnswer {
	a := healthAnswer{Service: "mosparo", StatusCode: http.StatusOK}
	healthy := true
	a.Healthy = &healthy
	switch {
	case h.bypass:
		empty := ""
		a.Healthy, a.Error, a.DatabaseStatus = nil, &empty, "bypassed"
	case !h.installed:
		a.DatabaseStatus = "test-skipped__not-configured"
	case !h.supported:
		a.DatabaseStatus = "test-skipped__update-not-finished"
	default:
		ctx, cancel := context.WithTimeout(ctx, pageTimeout)
		defer cancel()
		a.DatabaseStatus = "connected"
		if err := h.ping(ctx); err != nil {
			// The driver's own words may name users and hosts: they go to
			// the log, not to whoever asks.
			text := "the database cannot be reached"
			healthy, a.Error = false, &text
			a.DatabaseStatus, a.StatusCode = "connection-failed", http.StatusInternalServerError
		}
	}
	return a
}

// trustedProxies finds the address of the client behind trusted proxies.
type trustedProxies struct {
	envconfig.TrustedProxies
	// header stands in for X-Forwarded-For in requests that have it
	// (replace_forwarded_for_header); empty if none does.
	header string
}

// serverHeader is the header behind an entry of PHP's $_SERVER, such as
// HTTP_CF_CONNECTING_IP; empty if no header is.
func serverHeader(entry string) string {
	name, ok := strings.CutPrefix(entry, "HTTP_")
	if !ok {
		return ""
	}
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// client returns the last address in the chain that is not a trusted proxy,
// which is what Symfony's Request::getClientIp does; it passes over what is no
// address.
func (p trustedProxies) client(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer := ap.Addr().Unmap()
	if !p.Contains(peer) {
		return peer
	}
	forwarded := r.Header.Values("X-Forwarded-For")
	if replaced := r.Header.Values(p.header); p.header != "" && len(replaced) > 0 {
		forwarded = replaced
	}
	chain := strings.Split(strings.Join(forwarded, ","), ",")
	last := peer
	// With REMOTE_ADDR whoever connects is trusted, and nobody behind him.
	listed := envconfig.TrustedProxies{Prefixes: p.Prefixes}
	for i := len(chain) - 1; i >= 0; i-- {
		addr, ok := forwardedAddr(chain[i])
		if !ok {
			continue
		}
		last = addr
		if !listed.Contains(addr) {
			break
		}
	}
	return last
}

// forwardedAddr reads one element of X-Forwarded-For, with or without a port,
// as Symfony does.
func forwardedAddr(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if port := strings.IndexByte(s, ':'); port > 0 && strings.IndexByte(s, '.') > 0 {
		s = s[:port]
	} else if strings.HasPrefix(s, "[") {
		s, _, _ = strings.Cut(s[1:], "]")
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}
