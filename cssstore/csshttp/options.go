package csshttp

import (
	"cmp"
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// Mode is where mosparo keeps prepared CSS, by its setting
// MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE. The two modes answer differently
// when something is missing.
type Mode int

const (
	// ModeSharedCache is mosparo with the setting: the store has one version of
	// each project, which is the current one.
	ModeSharedCache Mode = iota
	// ModeFiles is mosparo without it: the store has several versions of a
	// project by their hashes, and the one whose hash the database names is the
	// current one.
	ModeFiles
)

// Defaults of a [Handler].
const (
	// DefaultRecheck is for how long a version is served without asking the
	// store again.
	DefaultRecheck = 2 * time.Second
	// MaxRecheck is the longest time that [WithRecheck] can set.
	MaxRecheck = 30 * time.Second
	// DefaultMemory is the limit of the memory tier, in bytes.
	DefaultMemory = 64 << 20
	// DefaultBaseCSS is the path of the base CSS of mosparo's build.
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

// WithPublic gives mosparo's folder public, as [os.Root.FS] returns it, for the
// logo and the modification time of the base CSS. Without it the logo is empty,
// as it is in mosparo when the file is missing, and cacheable for a minute. os.DirFS
// would serve a file outside of the folder, with the rights of this process,
// through a symbolic link that PHP's user has set. The default is nil.
func WithPublic(public fs.FS) Option { return func(h *Handler) { h.public = public } }

// WithBaseCSS sets the path of the base CSS on the web server, to which requests
// are redirected that have no prepared CSS. The default, also for the empty path,
// is [DefaultBaseCSS].
func WithBaseCSS(path string) Option {
	return func(h *Handler) { h.baseCSS = cmp.Or(path, DefaultBaseCSS) }
}

// WithPathPrefix sets the path below which mosparo is reachable, such as /spam:
// redirects begin with it, and requests are answered with and without it. A
// prefix that a trusted proxy names comes before it. The default is none.
func WithPathPrefix(path string) Option {
	return func(h *Handler) { h.prefix = strings.TrimRight(path, "/") }
}

// WithTrustedProxies names the proxies whose X-Forwarded-Proto, -Host and
// -Prefix count, in the way of Symfony; in mosparo these are TRUSTED_PROXIES.
// X-Forwarded-Port does not count, since mosparo trusts no such header. The
// default trusts none.
//
// Settings of package envconfig go to [WithTrustedProxyFunc]: REMOTE_ADDR, which
// trusts every peer, is none of their prefixes.
func WithTrustedProxies(prefixes ...netip.Prefix) Option {
	return func(h *Handler) {
		for _, p := range prefixes {
			h.trusts = append(h.trusts, p.Contains)
		}
	}
}

// WithTrustedProxyFunc is WithTrustedProxies with a function that reports
// whether a peer is trusted, such as the method Contains of
// envconfig.TrustedProxies. Its address is in its plain form, IPv4 not within
// IPv6 and without a zone, and the zero Addr for a peer without one, as on a Unix
// socket. The function must be safe for concurrent use. It panics if trusts is nil.
func WithTrustedProxyFunc(trusts func(peer netip.Addr) bool) Option {
	if trusts == nil {
		panic("csshttp: WithTrustedProxyFunc: trusts is nil")
	}
	return func(h *Handler) { h.trusts = append(h.trusts, trusts) }
}

// WithForwardedProto names the header that stands in for X-Forwarded-Proto, such
// as CloudFront-Forwarded-Proto, in requests of trusted proxies that have it. In
// mosparo that is the setting replaced_forwarded_proto_header, an entry of PHP's
// $_SERVER: HTTP_CLOUDFRONT_FORWARDED_PROTO means the same header. The log has a
// warning if name is neither, such as the entry REQUEST_SCHEME, and then it does not
// count. The default, also for the empty name, is none.
func WithForwardedProto(name string) Option { return func(h *Handler) { h.protoHeader = name } }

// WithRecheck sets the time after which a version is checked again. The default,
// also for 0, is [DefaultRecheck]; more than [MaxRecheck] is that. It panics if d
// is negative.
func WithRecheck(d time.Duration) Option {
	if d < 0 {
		panic("csshttp: WithRecheck: d is negative")
	}
	return func(h *Handler) { h.recheck = min(d, MaxRecheck) }
}

// WithMemory sets the limit of the memory tier, in bytes. What does not fit is
// read from the store for every request. The default, also for 0, is
// [DefaultMemory]. It panics if bytes is negative.
func WithMemory(bytes int) Option {
	if bytes < 0 {
		panic("csshttp: WithMemory: bytes is negative")
	}
	return func(h *Handler) { h.tier.limit = cmp.Or(bytes, DefaultMemory) }
}

// WithGenerator prepares CSS that the store does not have, or has for another
// design. It is called at most once in 10 seconds for a project, however many
// requests there are. The default, and nil, prepare nothing.
func WithGenerator(g Generator) Option { return func(h *Handler) { h.generator = g } }

// WithLogger logs what fails, once each when it begins and ceases to. The
// default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	return func(h *Handler) {
		if h.logger = l; l == nil {
			h.logger = slog.New(slog.DiscardHandler)
		}
	}
}
