package csshttp

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
)

// Handler is an [http.Handler] for the CSS of all projects. As in mosparo, every method
// but HEAD is treated as GET. It is safe for concurrent use. Make one with [New], and call
// [Handler.Close] after the server has ended.
type Handler struct {
	store    cssstore.Store
	projects projects
	mode     Mode
	public   fs.FS
	baseCSS  string
	prefix   string
	trusts   []func(netip.Addr) bool // any of them
	// protoHeader replaces X-Forwarded-Proto in requests that have it.
	protoHeader string
	recheck     time.Duration
	generator   Generator
	logger      *slog.Logger
	observer    Observer
	tier        tier
	health      health
	logo        logo
	baseFile    baseFile
	unknown     budget
	redirects   redirectLimit
	storeCalls  chan struct{} // an element for each call of the store
	compressing chan struct{} // an element for each body being compressed
	failing     struct{ projects, store, generator, logo errorLatch }

	ctx     context.Context //nolint:containedctx // of the goroutines, until Close
	cancel  context.CancelFunc
	closing sync.Mutex
	running sync.WaitGroup
}

// New returns a handler that serves the projects of the list, usually a projectdb.DB,
// from the store. It starts nothing and reads nothing before the first request. It
// panics if store, list or an option is nil.
func New(store cssstore.Store, list Projects, opts ...Option) *Handler {
	if store == nil {
		panic("csshttp: New: store is nil")
	}
	if list == nil {
		panic("csshttp: New: list is nil")
	}
	h := &Handler{
		store: store, projects: projects{source: list}, baseCSS: DefaultBaseCSS,
		logger:     slog.New(slog.DiscardHandler),
		storeCalls: make(chan struct{}, maxStoreCalls), compressing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		tier: tier{limit: DefaultMemory, entries: map[key]*entry{}, paths: map[string]fastEntry{}, latest: map[cssstore.UUID]*entry{}},
	}
	if _, ok := store.(cssstore.HashAddressed); ok {
		h.mode = ModeFiles
	}
	option.Apply("csshttp: New", h, opts)
	if h.recheck <= 0 {
		h.recheck = DefaultRecheck
	}
	header, err := headerOf(h.protoHeader)
	if h.protoHeader = header; err != nil {
		h.logger.Warn("the header that replaces X-Forwarded-Proto does not count", slog.Any("error", err))
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// ErrBusy is the error of [Handler.Close] if a call of store, database or generator still
// runs although its context has ended. For operators, "What can go wrong" in
// examples/deploy/README.md says what to do.
var ErrBusy = errors.New("csshttp: a call is still running in the background")

// closeTimeout is how long Close waits.
const closeTimeout = 5 * time.Second

// Close ends what runs in the background and waits for it. After 5 seconds it returns
// [ErrBusy]: a call for a file on a dead NFS server does not end with its context, but
// only when that server answers. Requests after Close get 503.
func (h *Handler) Close() error {
	h.closing.Lock()
	h.cancel()
	h.closing.Unlock()
	ended := make(chan struct{})
	go func() {
		h.running.Wait()
		close(ended)
	}()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-ended:
		return nil
	case <-timer.C:
		return ErrBusy
	}
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if h.prefix != "" {
		path = strings.TrimPrefix(path, h.prefix)
	}
	if h.observer != nil {
		h.serveObserved(w, r, path)
		return
	}
	h.serve(w, r, path)
}

// serve responds to a request for a path without the prefix.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, path string) {
	if h.serveFast(w, r, path) {
		return
	}
	t := parsePath(path)
	switch {
	case t.route == noRoute, t.slash && r.Method != http.MethodGet && r.Method != http.MethodHead:
		notFound(w, r)
		return
	case t.slash:
		h.redirectSlash(w, r, t, path)
		return
	case h.ctx.Err() != nil:
		unavailable(w, r)
		return
	case t.route == logoSVG:
		h.serveLogo(w, r)
		return
	}
	// From here on only the parsed form of the path is used.
	id, err := cssstore.ParseUUID(t.project)
	known, ok := false, true
	var p listing
	if err == nil {
		p, known, ok = h.find(r.Context(), id)
	}
	if known {
		noteProject(w, id)
	}
	switch {
	case !ok:
		noteError(w, p.err)
		unavailable(w, r)
	case !known && t.route == projectURL:
		setExpired(w.Header())
		text(w, r, http.StatusNotFound, cacheURL, "404 Not Found")
	case !known:
		notFound(w, r)
	case t.route == hashCSS:
		h.serveHash(w, r, p, t.hash)
	default:
		h.redirectTo(w, r, t.route, h.current(r.Context(), p))
	}
}
