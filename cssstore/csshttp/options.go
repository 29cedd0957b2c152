package csshttp

import (
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// Mode is where mosparo keeps prepared CSS; its two modes answer differently
// when something is missing.
type Mode int

const (
	// SharedCache is mosparo with MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE:
	// the store has one version of each project.
	SharedCache Mode = iota
	// Files is mosparo without: a version is a file of its own in
	// public/resources, and the one of the stored hash is the current one.
	Files
)

// Defaults of a [Handler].
const (
	// MaxRecheck is the longest time for which a version is served without
	// asking the store again, and the default in the mode [SharedCache].
	MaxRecheck = 30 * time.Second
	// DefaultFilesRecheck is the default in the mode [Files].
	DefaultFilesRecheck = 2 * time.Second
	// DefaultMemory limits the memory tier, in bytes.
	DefaultMemory = 64 << 20
	// DefaultBase is where mosparo's build puts the base CSS.
	DefaultBase = "/build/mosparo-frontend.css"
)

// Option changes a default of [New].
type Option func(*Handler)

// WithMode says how mosparo is set up. The default is [Files] for a
// *cssstore.Files, and [SharedCache] for any other store.
func WithMode(m Mode) Option { return func(h *Handler) { h.mode = m } }

// WithPublic gives mosparo's folder public, as [os.Root.FS] returns it, for the
// logo and the modification time of the base CSS. Without it the logo is empty,
// as it is in mosparo when the file is missing, and cacheable for a minute. os.DirFS
// would serve a file outside of the folder, with the rights of this process,
// through a symbolic link that PHP's user has set.
func WithPublic(public fs.FS) Option { return func(h *Handler) { h.public = public } }

// WithBase replaces [DefaultBase], the path of the base CSS on the web server.
func WithBase(path string) Option { return func(h *Handler) { h.base = path } }

// WithBasePath says that mosparo lives below a path, such as /spam: redirects
// name it, and requests are answered with and without it. A prefix that a
// trusted proxy names comes before it.
func WithBasePath(path string) Option {
	return func(h *Handler) { h.basePath = strings.TrimRight(path, "/") }
}

// WithTrustedProxies names the proxies whose X-Forwarded-Proto, -Host, -Port
// and -Prefix count, in the way of Symfony; in mosparo these are
// TRUSTED_PROXIES. The default trusts nobody.
func WithTrustedProxies(prefixes ...netip.Prefix) Option {
	return func(h *Handler) { h.proxies = append(h.proxies, prefixes...) }
}

// WithForwardedProto names the header that stands in for X-Forwarded-Proto, such
// as CloudFront-Forwarded-Proto, in requests of trusted proxies that have it; in
// mosparo that is replace_forwarded_proto_header. The default is none.
func WithForwardedProto(header string) Option { return func(h *Handler) { h.protoHeader = header } }

// WithRecheck sets after what time a version is checked again, at most
// [MaxRecheck].
func WithRecheck(d time.Duration) Option { return func(h *Handler) { h.recheck = min(d, MaxRecheck) } }

// WithMemory replaces [DefaultMemory]. What does not fit is read from the store
// for every request.
func WithMemory(bytes int) Option { return func(h *Handler) { h.tier.limit = bytes } }

// WithGenerator prepares CSS that the store does not have, or has for another
// design. It is asked at most once in 10 seconds for a project, whatever the
// requests. The default prepares nothing.
func WithGenerator(g Generator) Option { return func(h *Handler) { h.generator = g } }

// WithLogger logs what fails, once each when it begins and ceases to. The
// default logs nothing.
func WithLogger(l *slog.Logger) Option { return func(h *Handler) { h.logger = l } }
