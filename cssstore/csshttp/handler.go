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
)

// Generator prepares and stores CSS. It is called for one project at a time in
// this process. A cssgen.Generator is one.
//
// An error that has, or wraps an error that has, a method Refused() bool which
// returns true means that the generator left things as they are on purpose; an
// [Observer] sees it as refused.
type Generator interface {
	// Generate returns the CSS of the current design, which is in the store
	// when it returns, or what is stored if that is to stay.
	Generate(ctx context.Context, p cssstore.Project) (cssstore.Resource, error)
	// Outdated reports, without a request, whether Generate would make
	// something else of the same design.
	Outdated(r cssstore.Resource) bool
}

// Handler serves the CSS of all projects. It treats every method but HEAD as GET,
// as mosparo does. Make one with [New]; it is safe for concurrent use.
type Handler struct {
	store    cssstore.Store
	projects projects
	mode     Mode
	public   fs.FS
	baseCSS  string
	prefix   string
	trusts   []func(netip.Addr) bool // one is enough
	// protoHeader stands in for X-Forwarded-Proto where a request has it.
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
	looking     chan struct{} // an element for each call into the store
	compressing chan struct{} // an element for each body that is compressed
	failing     struct{ projects, store, generator, logo errorLatch }

	ctx     context.Context //nolint:containedctx // that of the goroutines until Close
	cancel  context.CancelFunc
	closing sync.Mutex
	running sync.WaitGroup
}

// New returns a handler for the projects and what the store has of them. It
// starts nothing and reads nothing before the first request. It panics if store
// or list is nil.
func New(store cssstore.Store, list Projects, opts ...Option) *Handler {
	if store == nil {
		panic("csshttp: New: store is nil")
	}
	if list == nil {
		panic("csshttp: New: list is nil")
	}
	h := &Handler{
		store: store, projects: projects{source: list}, baseCSS: DefaultBaseCSS,
		logger:  slog.New(slog.DiscardHandler),
		looking: make(chan struct{}, maxLooking), compressing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		tier: tier{limit: DefaultMemory, entries: map[key]*entry{}, paths: map[string]fastEntry{}, latest: map[cssstore.UUID]*entry{}},
	}
	if _, ok := store.(cssstore.HashAddressed); ok {
		h.mode = ModeFiles
	}
	for _, o := range opts {
		o(h)
	}
	if h.recheck <= 0 {
		h.recheck = DefaultRecheck
	}
	header, err := headerOf(h.protoHeader)
	if h.protoHeader = header; err != nil {
		h.logger.Warn("the header that replaces X-Forwarded-Proto does not count", "error", err)
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// ErrBusy says that a call of store, database or generator still runs, although its
// context has ended.
var ErrBusy = errors.New("csshttp: something still runs in the background")

// closeTimeout is how long Close waits.
const closeTimeout = 5 * time.Second

// Close ends what runs in the background and waits for it, for 5 seconds at
// most: a call for a file on a dead NFS server does not end with its context.
// Then it returns [ErrBusy], and that call ends when the server answers. Requests
// get 503 afterwards.
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

// serve answers a request for a path without the prefix.
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
		h.withoutSlash(w, r, t, path)
		return
	case h.ctx.Err() != nil:
		unavailable(w, r)
		return
	case t.route == logoSVG:
		h.serveLogo(w, r)
		return
	}
	// From here on nothing of the path is used that is not in this form.
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
		urlNow(w.Header())
		text(w, r, http.StatusNotFound, cacheURL, "404 Not Found")
	case !known:
		notFound(w, r)
	case t.route == hashCSS:
		h.serveHash(w, r, p, t.hash)
	default:
		h.redirectTo(w, r, t.route, h.current(r.Context(), p))
	}
}

// place is where the CSS of a project is: under a hash, or, without one, in the
// base CSS.
type place struct {
	project  cssstore.UUID
	hash     cssstore.Hash
	modified time.Time
	err      error
}

// modifiedOf returns the time that a redirect to a version names.
func (h *Handler) modifiedOf(v *version) time.Time {
	if h.mode == ModeFiles {
		return v.modified
	}
	return time.Time{}
}

// stored returns the state of what the store has of a project.
func (h *Handler) stored(ctx context.Context, p cssstore.Project) *state {
	if h.mode == ModeSharedCache {
		return h.get(ctx, key{project: p.UUID}, p, true)
	}
	var s *state
	if !p.Hash.IsZero() {
		s = h.get(ctx, key{p.UUID, p.Hash}, p, true)
		if s.version != nil {
			return s
		}
		if !errors.Is(s.err, cssstore.ErrNotFound) {
			return h.inMemory(p.UUID, s)
		}
	}
	// PHP removes the earlier file before the database has the new hash.
	return h.get(ctx, key{project: p.UUID}, p, true)
}

// inMemory returns the state of what the memory has of a project whose folder
// cannot be read; without any, the failed state.
func (h *Handler) inMemory(project cssstore.UUID, failed *state) *state {
	s := h.tier.latestOf(project)
	if s == nil {
		return failed
	}
	last := *s
	last.err = failed.err
	return &last
}

// newer returns the hash that the list names, or one that has come into the
// shared cache since: PHP nodes write there first, and prepare CSS for each
// client that is redirected to another one.
func (h *Handler) newer(p listing) cssstore.Hash {
	if e := h.tier.find(key{project: p.UUID}); e != nil {
		if s := e.state.Load(); s != nil && s.version != nil && s.version.replaced.After(p.begun) {
			return s.version.hash
		}
	}
	return p.Hash
}

// current returns where a request without a hash in its path is redirected to.
func (h *Handler) current(ctx context.Context, p listing) place {
	named := h.mode == ModeSharedCache && !p.Hash.IsZero()
	if named && !p.isOld() {
		return place{project: p.UUID, hash: h.newer(p)}
	}
	s := h.stored(ctx, p.Project)
	switch {
	case s.version != nil:
		return place{project: p.UUID, hash: s.version.hash, modified: h.modifiedOf(s.version)}
	case named: // another node may have it
		return place{project: p.UUID, hash: p.Hash}
	}
	return place{project: p.UUID, err: s.err}
}

// detail returns a word for why the store gave nothing newer.
func detail(err error) string {
	switch {
	case errors.Is(err, cssstore.ErrNotFound):
		return "STORE_MISS"
	case errors.Is(err, cssstore.ErrUnsettled):
		return "STORE_UNSETTLED"
	}
	return "STORE_UNAVAILABLE"
}

// redirectTo answers with a redirect, or with the URL as text.
func (h *Handler) redirectTo(w http.ResponseWriter, r *http.Request, route route, to place) {
	o, ok := h.origin(r)
	if !ok {
		badHost(w, r)
		return
	}
	notePlace(w, to)
	location := h.baseCSS
	if !to.hash.IsZero() {
		location = o.root + o.prefix + resources + to.project.String() + "/" + to.hash.String() + ".css"
	} else if to.modified = h.baseModified(r.Context()); to.err != nil && !errors.Is(to.err, cssstore.ErrNotFound) {
		w.Header().Set("Cache-Status", "mosparo-go; detail="+detail(to.err))
	}
	if route == projectURL {
		if to.hash.IsZero() {
			location = o.root + location
		}
		urlNow(w.Header())
		text(w, r, http.StatusOK, cacheURL, location)
		return
	}
	if !to.modified.IsZero() {
		w.Header().Set("Last-Modified", to.modified.UTC().Format(http.TimeFormat))
	}
	w.Header()["Cache-Control"] = cacheRedirect
	redirect(w, r, http.StatusTemporaryRedirect, location)
}
