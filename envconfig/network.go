package envconfig

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// Health holds the settings of mosparo's health check.
type Health struct {
	Bypass    bool           // MOSPARO_BYPASS_HEALTH_CHECK
	AllowList []netip.Prefix // MOSPARO_HEALTH_ALLOW_LIST; all addresses if that is empty
}

// Proxies holds the settings of the proxies in front of the node.
type Proxies struct {
	// Trusted is TRUSTED_PROXIES.
	Trusted TrustedProxies
	// ForwardedForHeader and ForwardedProtoHeader are the headers in place of
	// X-Forwarded-For and X-Forwarded-Proto, as entries of PHP's $_SERVER such as
	// HTTP_CF_CONNECTING_IP: replace_forwarded_for_header and
	// replaced_forwarded_proto_header of config/env.mosparo.php, also if
	// MOSPARO_CONFIG_FILE_PATH names another file. They are empty if none counts:
	// mosparo uses them only while TRUSTED_PROXIES is its shipped default, and finds
	// headers only under names that begin with HTTP_.
	ForwardedForHeader   string
	ForwardedProtoHeader string
}

// TrustedProxies is a set of addresses whose X-Forwarded-* headers count.
type TrustedProxies struct {
	Prefixes []netip.Prefix
	// Everyone is REMOTE_ADDR: every peer is trusted, so that any client can forge its
	// address.
	Everyone bool
}

// Contains reports whether the peer at addr is trusted.
func (p TrustedProxies) Contains(addr netip.Addr) bool {
	return p.Everyone || contains(p.Prefixes, addr)
}

// Allows reports whether the client at addr is on the allow list.
func (h Health) Allows(addr netip.Addr) bool { return contains(h.AllowList, addr) }

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

var (
	localhost = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}
	everyone  = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
)

func (r *resolver) health() Health {
	return Health{
		Bypass: r.bool("MOSPARO_BYPASS_HEALTH_CHECK", false),
		AllowList: resolve(r, r.lookup, "MOSPARO_HEALTH_ALLOW_LIST", localhost, convertAllowList,
			func(p []netip.Prefix) string { return showPrefixes(p) }),
	}
}

// convertAllowList splits at commas and line ends, as mosparo's IpUtil does.
func convertAllowList(s string) ([]netip.Prefix, string, error) {
	if !phptext.IsTrue(s) {
		return everyone, "the list is empty, so all clients are allowed", nil
	}
	if errtext.HasComment(s) {
		return nil, "", errtext.ErrComment
	}
	items := strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == '\n' || c == '\r' })
	prefixes, warning := parsePrefixes(items)
	return prefixes, warning, nil
}

// parsePrefixes parses addresses and networks. Other items match no address, in PHP as
// well.
func parsePrefixes(items []string) (prefixes []netip.Prefix, warning string) {
	for _, item := range items {
		trimmed := strings.TrimSpace(item)
		if p, err := parsePrefix(trimmed); err == nil {
			prefixes = append(prefixes, p)
		} else if trimmed != "" {
			warning = joinWarnings(warning, fmt.Sprintf("%q is neither an address nor a network and matches no client", trimmed))
		}
		if trimmed != item && trimmed != "" {
			warning = joinWarnings(warning, fmt.Sprintf("PHP nodes do not recognize %q because of the spaces around it", trimmed))
		}
	}
	return prefixes, warning
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err == nil && p.Addr().Is4In6() {
			return p, errors.New("a network of mapped addresses")
		}
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func showPrefixes(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = p.String()
		if p.IsSingleIP() {
			texts[i] = p.Addr().String()
		}
	}
	return strings.Join(texts, ",")
}

// shippedProxies is the value of TRUSTED_PROXIES in mosparo's own .env. The parameter
// stands for trusted_proxies of env.mosparo.php.
const shippedProxies = "%default_trusted_proxies%"

func (r *resolver) proxies() Proxies {
	var p Proxies
	text, src, found, err := r.lookup("TRUSTED_PROXIES")
	shipped := !found || text == shippedProxies
	p.Trusted = resolve(r, func(string) (string, Source, bool, error) {
		if err != nil || !strings.Contains(text, "%") && found {
			return text, src, found, err
		}
		inner, innerSrc, innerFound, err := r.lookup("trusted_proxies")
		if !innerFound {
			inner = "127.0.0.1"
		}
		if shipped {
			return inner, innerSrc, true, err
		}
		text, resolveErr := resolveParameters(text, inner)
		return text, src, true, errors.Join(err, resolveErr)
	}, "TRUSTED_PROXIES", TrustedProxies{}, convertProxies, TrustedProxies.String)
	front := r.frontConfig()
	p.ForwardedForHeader = r.replacedHeader(front, "replace_forwarded_for_header", shipped)
	p.ForwardedProtoHeader = r.replacedHeader(front, "replaced_forwarded_proto_header", shipped)
	r.warnMisnamed(front, "replaced_forwarded_for_header", "replace_forwarded_for_header")
	r.warnMisnamed(front, "replace_forwarded_proto_header", "replaced_forwarded_proto_header")
	return p
}

// frontConfig returns the file from which mosparo's front controller takes the names of
// headers. It is always this one, also if MOSPARO_CONFIG_FILE_PATH or MOSPARO_ENV_SUFFIX
// names another one for all other settings.
func (r *resolver) frontConfig() *config {
	if r.config == nil {
		return nil
	}
	path := filepath.Join(r.dir, "config", "env.mosparo.php")
	if path == r.config.path {
		return r.config
	}
	c := readConfig(path)
	if c.err != nil {
		r.errs = append(r.errs, c.err)
	}
	return c
}

// warnMisnamed warns of a header under a name that mosparo does not read: its set-up
// writes replace_forwarded_proto_header.
func (r *resolver) warnMisnamed(front *config, name, read string) {
	if c, ok := front.get(name); ok && c.Kind == settingsfile.Text && phptext.IsTrue(c.Text) {
		r.warn(read, name+" is set, but mosparo reads "+read+" only: no header counts for it")
	}
}

var parameter = regexp.MustCompile(`%[^%\s]*%`)

// resolveParameters is Symfony's resolve processor, for the only parameter that makes
// sense here.
func resolveParameters(text, proxies string) (string, error) {
	var err error
	text = parameter.ReplaceAllStringFunc(text, func(p string) string {
		switch p {
		case "%%":
			return "%"
		case shippedProxies:
			return proxies
		}
		err = errtext.NotSupported("the parameter %s", errtext.Quote(strings.Trim(p, "%")))
		return ""
	})
	return text, err
}

func convertProxies(s string) (TrustedProxies, string, error) {
	if errtext.HasComment(s) {
		return TrustedProxies{}, "", errtext.ErrComment
	}
	var p TrustedProxies
	var items []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item == "REMOTE_ADDR" {
			p.Everyone = true
		} else {
			items = append(items, item)
		}
	}
	var warning string
	p.Prefixes, warning = parsePrefixes(items)
	if p.Everyone {
		warning = joinWarnings(warning, "REMOTE_ADDR trusts the X-Forwarded-* headers of every client, so that any client can forge an address of the health allow list")
	}
	return p, warning, nil
}

// String returns the proxies in the form of TRUSTED_PROXIES.
func (p TrustedProxies) String() string {
	s := showPrefixes(p.Prefixes)
	if !p.Everyone {
		return s
	}
	return strings.TrimPrefix(s+",REMOTE_ADDR", ",")
}

// replacedHeader reads an entry of PHP's $_SERVER from env.mosparo.php, the only place
// of such a setting. Entries that stand for no header of a request are left out: a
// Go node has nothing in their place.
func (r *resolver) replacedHeader(front *config, name string, inForce bool) string {
	header := resolve(r, func(name string) (string, Source, bool, error) {
		c, ok := front.get(name)
		if !ok || c.Kind != settingsfile.Text || !phptext.IsTrue(c.Text) {
			return "", SourceDefault, false, nil
		}
		return c.Text, Source(front.path), true, nil
	}, name, "", func(s string) (string, string, error) {
		switch {
		case !inForce:
			return "", "not in force, since TRUSTED_PROXIES is set", nil
		case !strings.HasPrefix(s, "HTTP_"):
			return "", "no header counts: PHP's $_SERVER has those of requests under names such as HTTP_X_FORWARDED_PROTO", nil
		}
		return s, "", nil
	}, showText)
	// The two may be one file, by a link.
	inFront, _ := front.get(name)
	if c, ok := r.config.get(name); ok && c.Kind == settingsfile.Text && phptext.IsTrue(c.Text) && c != inFront {
		r.warn(name, "it does not count in "+r.config.path+": mosparo reads it from "+front.path+" only")
	}
	return header
}
