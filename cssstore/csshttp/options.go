package csshttp

import (
	"cmp"
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// Mode selects which of mosparo's two ways to keep prepared CSS the handler follows. They
// differ in what is served if something is missing.
type Mode int

const (
	// ModeSharedCache is mosparo with MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE: the
	// store has one version of each project, which is the current one.
	ModeSharedCache Mode = iota
	// ModeFiles is mosparo without that setting: the store has several versions of a
	// project, and the one whose hash is in the database is the current one.
	ModeFiles
)

// Defaults of a [Handler].
const (
	// DefaultRecheck is the default of [WithRecheck].
	DefaultRecheck = 2 * time.Second
	// MaxRecheck is the longest time that [WithRecheck] can set.
	MaxRecheck = 30 * time.Second
	// DefaultMemory is the default of [WithMemory], in bytes.
	DefaultMemory = 64 << 20
	// DefaultBaseCSS is the default of [WithBaseCSS], as in mosparo's build.
	DefaultBaseCSS = "/build/mosparo-frontend.css"
)

// Option changes a default of [New].
type Option func(*Handler)

// WithMode sets the mode. The default is [ModeFiles] for a store that is a
// [cssstore.HashAddressed], such as a filestore, and [ModeSharedCache] for any
// other. It panics if m is none of the constants.
func WithMode(m Mode) Option {
	if m != ModeSharedCache && m != ModeFiles {
		panic("csshttp: WithMode: m is no mode")
	}
	return func(h *Handler) { h.mode = m }
}

// WithPublic sets mosparo's directory public, from which the logo and the modification time
// of the base CSS are read. Use [os.Root.FS]: with os.DirFS a symbolic link that PHP's
// user creates could make this process serve a file outside of the directory. Without it
// (the default, and nil) the logo is empty, as in mosparo if the file is missing, and
// cacheable for a minute.
func WithPublic(public fs.FS) Option { return func(h *Handler) { h.public = public } }

// WithBaseCSS sets the path of the base CSS on the web server. Requests for projects
// without prepared CSS are redirected there; its selectors match in every project. The
// default, also for the empty path, is [DefaultBaseCSS].
func WithBaseCSS(path string) Option {
	return func(h *Handler) { h.baseCSS = cmp.Or(path, DefaultBaseCSS) }
}

// WithPathPrefix sets the path below which mosparo is reachable, such as /spam. The paths
// of redirects have the prefix; the paths of requests may have it. A prefix that a
// trusted proxy sends (X-Forwarded-Prefix) comes before it. The default is none.
func WithPathPrefix(path string) Option {
	return func(h *Handler) { h.prefix = strings.TrimRight(path, "/") }
}

// WithTrustedProxies sets the addresses of proxies whose X-Forwarded-Proto, -Host and
// -Prefix count, as mosparo's TRUSTED_PROXIES does in Symfony. X-Forwarded-Port never
// counts, since mosparo does not trust it. The default trusts no proxy.
//
// With settings of package envconfig use [WithTrustedProxyFunc]: their value REMOTE_ADDR,
// which trusts every peer, is not a prefix.
func WithTrustedProxies(prefixes ...netip.Prefix) Option {
	return func(h *Handler) {
		for _, p := range prefixes {
			h.trusts = append(h.trusts, p.Contains)
		}
	}
}

// WithTrustedProxyFunc is [WithTrustedProxies] with a function that reports whether a
// peer is trusted, such as the method Contains of envconfig.TrustedProxies. The address
// has no zone and is not an IPv4-mapped IPv6 address; it is the zero Addr for a peer
// without an address, as on a Unix socket. The function must be safe for concurrent
// use. It panics if trusts is nil.
func WithTrustedProxyFunc(trusts func(peer netip.Addr) bool) Option {
	if trusts == nil {
		panic("csshttp: WithTrustedProxyFunc: trusts is nil")
	}
	return func(h *Handler) { h.trusts = append(h.trusts, trusts) }
}

// WithForwardedProto sets the header that replaces X-Forwarded-Proto in requests of
// trusted proxies that have it, such as CloudFront-Forwarded-Proto. In mosparo that is
// the setting replaced_forwarded_proto_header, whose value is an entry of PHP's
// $_SERVER; that form is accepted, too: HTTP_CLOUDFRONT_FORWARDED_PROTO. An invalid
// name, such as the entry REQUEST_SCHEME, is ignored with a warning in the log. The
// default, also for the empty name, is none.
func WithForwardedProto(name string) Option { return func(h *Handler) { h.protoHeader = name } }

// WithRecheck sets how long a version is served from memory before the store is read
// again. The default, also for 0, is [DefaultRecheck]. A longer time than [MaxRecheck]
// is reduced to it. It panics if d is negative.
func WithRecheck(d time.Duration) Option {
	if d < 0 {
		panic("csshttp: WithRecheck: d is negative")
	}
	return func(h *Handler) { h.recheck = min(d, MaxRecheck) }
}

// WithMemory limits the CSS in memory, in bytes, with its compressed forms. What was
// used least recently is removed first, and read from the store again when it is
// requested. The default, also for 0, is [DefaultMemory]. It panics if bytes is
// negative.
func WithMemory(bytes int) Option {
	if bytes < 0 {
		panic("csshttp: WithMemory: bytes is negative")
	}
	return func(h *Handler) { h.tier.limit = cmp.Or(bytes, DefaultMemory) }
}

// WithGenerator sets the generator that is called if the store has no CSS of a project,
// or that of another design: at most once in 10 seconds for a project. Without one (the
// default, and nil) nothing is prepared.
func WithGenerator(g Generator) Option { return func(h *Handler) { h.generator = g } }

// WithLogger logs outages of store, database and generator, once at the begin and once
// at the end. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	return func(h *Handler) {
		if h.logger = l; l == nil {
			h.logger = slog.New(slog.DiscardHandler)
		}
	}
}
