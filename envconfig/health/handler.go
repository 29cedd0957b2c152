package health

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/mosparo/go-cluster/envconfig"
)

// The paths of the health checks.
const (
	CheckPath = "/api/v1/health/check" // mosparo's own check
	LivePath  = "/livez"
	ReadyPath = "/readyz"
)

// Handler serves the health checks of a node. Create it with [New]. It is safe for
// concurrent use.
type Handler struct {
	options
	access   access
	bypass   bool
	database runner
	outage   outage // of the database
	draining atomic.Bool
	unserved unserved
}

// New returns the handler of a node with these settings. ping returns an error if the
// database does not answer, such as the method Ping of sqlcleaner.DB; it is called under
// the rules of [Check].Func. New panics if ping is nil.
func New(settings envconfig.Health, proxies envconfig.Proxies, ping func(ctx context.Context) error, opts ...Option) *Handler {
	if ping == nil {
		panic("health.New: ping is nil")
	}
	h := &Handler{options: newOptions(opts), bypass: settings.Bypass}
	h.access = newAccess(settings, proxies, h.logger)
	h.database.f = h.testDatabase(ping)
	h.outage.logger, h.unserved.logger = h.logger, h.logger
	return h
}

// Drain makes the node permanently not ready, so that balancers send no new requests.
// Call it when the node is about to stop, and keep serving until they have noticed.
func (h *Handler) Drain() { h.draining.Store(true) }

// ServeHTTP serves the public listener, for the pattern "/". It answers the health checks
// of clients on the allow list, and those of others with 404. A client is the last
// address before the trusted proxies, as in Symfony. A refused address is logged once,
// with the setting that would allow it.
//
// It answers any other path with 503 and a text that a Go node serves /resources/ and PHP
// nodes everything else, which is logged once a minute: a balancer whose pool mixes both
// loses requests.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := h.probe(r.URL.Path)
	if r.URL.Path == CheckPath {
		answer = h.serveCheck
	}
	switch {
	case answer == nil:
		h.unserved.ServeHTTP(w, r)
	case !h.access.allows(r):
		write(w, http.StatusNotFound, textType, "404 page not found\n")
	default:
		get(answer, w, r)
	}
}

// Admin returns the handler of the admin listener. It answers [LivePath] and [ReadyPath]
// for all clients, and other paths with 404.
func (h *Handler) Admin() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := h.probe(r.URL.Path); answer != nil {
			get(answer, w, r)
			return
		}
		write(w, http.StatusNotFound, textType, "404 page not found\n")
	})
}

func (h *Handler) probe(path string) http.HandlerFunc {
	switch path {
	case LivePath:
		return h.serveLive
	case ReadyPath:
		return h.serveReady
	}
	return nil
}

// get answers GET and HEAD, which Symfony treats alike, and refuses other methods.
func get(answer http.HandlerFunc, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET")
		write(w, http.StatusMethodNotAllowed, textType, "405 method not allowed\n")
		return
	}
	answer(w, r)
}

const (
	textType = "text/plain; charset=utf-8"
	jsonType = "application/json"
)

// write sends a response that no cache stores, unless w has a Cache-Control already.
func write(w http.ResponseWriter, status int, contentType, body string) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Content-Type-Options", "nosniff")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // an error means that the client is gone
}
