package health

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/envconfig"
)

// access decides which clients get health checks on the public listener.
type access struct {
	settings envconfig.Health
	clients  clients
	logger   *slog.Logger
	refused  refused
}

func newAccess(settings envconfig.Health, proxies envconfig.Proxies, logger *slog.Logger) access {
	return access{settings: settings, clients: newClients(proxies), logger: logger}
}

func (a *access) allows(r *http.Request) bool {
	client := a.clients.address(r)
	if a.settings.Allows(client) {
		return true
	}
	if a.refused.add(client, time.Now()) {
		attrs := []slog.Attr{slog.String("path", r.URL.Path), slog.String("address", client.String())}
		if client.IsValid() {
			attrs = append(attrs, slog.String("to_allow", a.setting(client)))
		}
		if peer := a.clients.untrustedProxy(r); peer.IsValid() {
			attrs = append(attrs, slog.String("if_proxy", peer.String()+" is not in TRUSTED_PROXIES"))
		}
		a.logger.LogAttrs(r.Context(), slog.LevelWarn, "a health check of a client that is not on the allow list was answered with 404", attrs...)
	}
	return false
}

// setting returns the allow list with the client added.
func (a *access) setting(client netip.Addr) string {
	items := make([]string, 0, len(a.settings.AllowList)+1)
	for _, p := range a.settings.AllowList {
		if p.IsSingleIP() {
			items = append(items, p.Addr().String())
		} else {
			items = append(items, p.String())
		}
	}
	return "MOSPARO_HEALTH_ALLOW_LIST=" + strings.Join(append(items, client.String()), ",")
}

// At most maxRefused addresses are logged in maxRefusedTime: a scan can use very many.
const (
	maxRefused     = 256
	maxRefusedTime = time.Hour
)

// refused is the set of refused addresses that were logged.
type refused struct {
	mu    sync.Mutex
	seen  map[netip.Addr]bool
	since time.Time
}

// add adds an address and reports whether it should be logged.
func (f *refused) add(client netip.Addr, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil || len(f.seen) >= maxRefused && now.Sub(f.since) >= maxRefusedTime {
		f.seen, f.since = map[netip.Addr]bool{}, now
	}
	if f.seen[client] || len(f.seen) >= maxRefused {
		return false
	}
	f.seen[client] = true
	return true
}
