package health

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/mosparo/go-cluster/envconfig"
)

// clients finds the address of a client behind trusted proxies.
type clients struct {
	trusted envconfig.TrustedProxies
	// header replaces X-Forwarded-For in requests that have it
	// (replace_forwarded_for_header); empty if none does.
	header string
}

func newClients(p envconfig.Proxies) clients {
	return clients{trusted: p.Trusted, header: serverHeader(p.ForwardedForHeader)}
}

// serverHeader returns the header behind an entry of PHP's $_SERVER, such as
// HTTP_CF_CONNECTING_IP; empty if there is none.
func serverHeader(entry string) string {
	name, ok := strings.CutPrefix(entry, "HTTP_")
	if !ok {
		return ""
	}
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// address returns what Symfony's Request::getClientIp does: the last address of the
// chain that is no trusted proxy, else the first. What is no address does not count.
func (c clients) address(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if !peer.IsValid() || !c.trusted.Contains(peer) {
		return peer
	}
	// REMOTE_ADDR stands for the peer, and for no other address of the chain.
	listed := envconfig.TrustedProxies{Prefixes: c.trusted.Prefixes}
	first := peer
	chain := strings.Split(strings.Join(c.forwarded(r), ","), ",")
	for i := len(chain) - 1; i >= 0; i-- {
		addr, ok := parseForwarded(chain[i])
		if !ok {
			continue
		}
		first = addr
		if addr != peer && !listed.Contains(addr) {
			break
		}
	}
	return first
}

// forwarded returns the values of the header that counts.
func (c clients) forwarded(r *http.Request) []string {
	if replaced := r.Header.Values(c.header); c.header != "" && len(replaced) > 0 {
		return replaced
	}
	return r.Header.Values("X-Forwarded-For")
}

// untrustedProxy returns the peer if it sends the header of a proxy and is not
// trusted, else the zero Addr.
func (c clients) untrustedProxy(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if len(c.forwarded(r)) == 0 || c.trusted.Contains(peer) {
		return netip.Addr{}
	}
	return peer
}

// peerOf returns the address at the other end of the connection, the zero Addr on a
// Unix socket.
func peerOf(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// parseForwarded reads an element of X-Forwarded-For, with or without a port, as
// Symfony does.
func parseForwarded(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if port := strings.IndexByte(s, ':'); port > 0 && strings.IndexByte(s, '.') > 0 {
		s = s[:port]
	} else if strings.HasPrefix(s, "[") {
		s, _, _ = strings.Cut(s[1:], "]")
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}
