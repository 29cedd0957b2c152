package health

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/mosparo/go-cluster/envconfig"
)

// clients determines the addresses of clients behind trusted proxies.
type clients struct {
	trusted envconfig.TrustedProxies
	// header takes the place of X-Forwarded-For in requests that have it; empty for none.
	header string
}

func newClients(p envconfig.Proxies) clients {
	return clients{trusted: p.Trusted, header: serverHeader(p.ForwardedForHeader)}
}

// serverHeader returns the header of an entry of PHP's $_SERVER, such as
// HTTP_CF_CONNECTING_IP; empty if the entry stands for none.
func serverHeader(entry string) string {
	name, ok := strings.CutPrefix(entry, "HTTP_")
	if !ok {
		return ""
	}
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// address returns the client's address as Symfony's Request::getClientIp does: the last
// address of the chain that is not a trusted proxy, or else the first one. Elements that
// are not addresses are skipped.
func (c clients) address(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if !peer.IsValid() || !c.trusted.Contains(peer) {
		return peer
	}
	// REMOTE_ADDR stands for the peer, and for no other address of the chain.
	listed := envconfig.TrustedProxies{Prefixes: c.trusted.Prefixes}
	first := peer
	chain := strings.Split(strings.Join(c.forwardedFor(r), ","), ",")
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

// forwardedFor returns the values of the header with the chain of addresses.
func (c clients) forwardedFor(r *http.Request) []string {
	if replaced := r.Header.Values(c.header); c.header != "" && len(replaced) > 0 {
		return replaced
	}
	return r.Header.Values("X-Forwarded-For")
}

// untrustedProxy returns the peer if it sends a proxy's header and is not trusted, or the
// zero Addr.
func (c clients) untrustedProxy(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if len(c.forwardedFor(r)) == 0 || c.trusted.Contains(peer) {
		return netip.Addr{}
	}
	return peer
}

// peerOf returns the address of the connection's peer, the zero Addr on a Unix socket.
func peerOf(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// parseForwarded parses an element of X-Forwarded-For, with or without a port, as
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
