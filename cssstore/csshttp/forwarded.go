package csshttp

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// origin is the part of absolute URLs before /resources/.
type origin struct {
	root   string // scheme, host and port
	prefix string // of the path
}

// origin returns the origin of the URL that the client sees, worked out as in Symfony's
// Request, or false if the host is invalid.
func (h *Handler) origin(r *http.Request) (origin, bool) {
	trusted := h.fromProxy(r)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	host := r.Host
	o := origin{prefix: h.prefix}
	if trusted {
		proto := first(r, "X-Forwarded-Proto")
		if v := first(r, h.protoHeader); v != "" {
			proto = v
		}
		switch strings.ToLower(proto) {
		case "":
		case "https", "on", "ssl", "1":
			scheme = "https"
		default:
			scheme = "http"
		}
		if v := first(r, "X-Forwarded-Host"); v != "" {
			host = v
		}
		// A proxy that sends the prefix may also keep it in the path.
		if v := strings.TrimRight(first(r, "X-Forwarded-Prefix"), "/"); isPrefix(v) && v != h.prefix {
			o.prefix = v + h.prefix
		}
	}
	host, port := splitPort(host)
	if !isHost(host) {
		return o, false
	}
	o.root = scheme + "://" + host
	usual := map[string]uint64{"http": 80, "https": 443}[scheme]
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 && n != usual {
		o.root += ":" + strconv.FormatUint(n, 10)
	}
	return o, true
}

// fromProxy reports whether the peer is a trusted proxy.
func (h *Handler) fromProxy(r *http.Request) bool {
	if len(h.trusts) == 0 {
		return false
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr) // zero on a Unix socket
	addr := peer.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(h.trusts, func(trusts func(netip.Addr) bool) bool { return trusts(addr) })
}

// headerOf returns the name of a header, which is given as such or as an entry of PHP's
// $_SERVER.
func headerOf(name string) (string, error) {
	header := name
	if entry, ok := strings.CutPrefix(name, "HTTP_"); ok {
		header = strings.ReplaceAll(entry, "_", "-")
	}
	if strings.Trim(header, headerBytes) != "" || header == "" && name != "" {
		return "", fmt.Errorf("csshttp: %.80q is neither a header nor an entry of $_SERVER that stands for one", name)
	}
	return header, nil
}

// headerBytes are the bytes allowed in the name of a header.
const headerBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

// first returns the first element of a header that may be a list.
func first(r *http.Request, name string) string {
	v, _, _ := strings.Cut(r.Header.Get(name), ",")
	return strings.TrimSpace(v)
}

// splitPort splits host and port, and converts the host to lower case.
func splitPort(host string) (name, port string) {
	host = strings.ToLower(strings.TrimSpace(host))
	i := strings.LastIndexByte(host, ':')
	if i < 0 || i+1 == len(host) || strings.Trim(host[i+1:], "0123456789") != "" {
		return host, ""
	}
	return host[:i], host[i+1:]
}

// isHost checks a host as Symfony does: labels of letters, digits, - _ : ] with single
// dots between them and possibly at the end, and possibly a [ before the first.
func isHost(host string) bool {
	host = strings.TrimPrefix(host, "[")
	dot := true // the next byte has to begin a label
	for i := range len(host) {
		c := host[i]
		switch {
		case c == '.' && !dot:
			dot = true
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == ':', c == ']':
		default:
			return false
		}
		dot = false
	}
	return host != ""
}

const pathBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:@"

// isPrefix reports whether p is a path of plain segments, which may stand in a Location.
func isPrefix(p string) bool {
	if !strings.HasPrefix(p, "/") || len(p) > 200 {
		return false
	}
	for segment := range strings.SplitSeq(p[1:], "/") {
		if segment == "" || strings.Trim(segment, ".") == "" {
			return false
		}
		for i := range len(segment) {
			if strings.IndexByte(pathBytes, segment[i]) < 0 {
				return false
			}
		}
	}
	return true
}
