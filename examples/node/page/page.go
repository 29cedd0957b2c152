package page

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// Page is the status page of a node. Create it with [New]. It is safe for concurrent use.
type Page struct {
	node         *connect.Node
	host         string // this host
	token        *health.Token
	introduction []string
	examine      func(context.Context) doctor.Report // nil: none
	logger       *slog.Logger
	mux          *http.ServeMux

	cache, database *probe
	overview        part[cleanup.Overview]
	locks           part[heldLocks]
	ready           part[readiness]
	nodes           part[nodes.Overview]
	examination     part[doctor.Report]
	projects        part[[]cssstore.Project]
	names           part[map[cssstore.UUID]string]

	errs struct {
		sync.Mutex
		failing map[string]bool // what the last page could not read
	}
}

// Option changes a default of [New].
type Option func(*Page)

// WithToken lets those who know the token pause the cleanup and resume it, with the forms
// below /pause, which ask for it as the password of HTTP's basic authentication. The
// default is no such forms. It panics if t is the zero Token.
func WithToken(t health.Token) Option {
	if t == (health.Token{}) {
		panic("page.WithToken: t is empty")
	}
	return func(p *Page) { p.token = &t }
}

// WithIntroduction shows paragraphs of text above the state of the cluster. The default is
// none.
func WithIntroduction(paragraphs ...string) Option {
	return func(p *Page) { p.introduction = paragraphs }
}

// WithLogger logs the errors that the page describes in words, since they may name
// addresses of servers: once when the cache, the database or another part begins to fail,
// and those of an examination. It also logs when cache or database answers again. The
// default, or nil, logs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(p *Page) {
		if l != nil {
			p.logger = l
		}
	}
}

// New returns the status page of a node. It starts nothing and reads nothing before the
// first request or [Page.Run]. It panics if n or an option is nil.
func New(n *connect.Node, opts ...Option) *Page {
	if n == nil {
		panic("page.New: n is nil")
	}
	p := &Page{node: n, logger: slog.New(slog.DiscardHandler)}
	p.errs.failing = map[string]bool{}
	p.host, _ = os.Hostname() // empty if the system does not know it
	for _, o := range opts {
		if o == nil {
			panic("page: opts has a nil Option")
		}
		o(p)
	}
	p.setReads()
	p.route()
	return p
}

// How long a result is shown before it is read again. What a page of five seconds shows is
// read once for all who look at it; projects seldom change.
const (
	keepState    = time.Second
	keepLocks    = 10 * time.Second
	keepNodes    = 5 * time.Second
	keepProjects = 15 * time.Second
)

// largeShare is the share of what grows with the cluster: on Redis, listing the locks reads
// all keys.
const largeShare = 20

// setReads says how each part of the page is read.
func (p *Page) setReads() {
	p.cache = newProbe("cache", p.pingCache, p.logger)
	p.database = newProbe("database", p.pingDatabase, p.logger)
	p.overview = part[cleanup.Overview]{keep: keepState, read: p.node.Scheduler.Overview}
	p.locks = part[heldLocks]{keep: keepLocks, share: largeShare, read: p.readLocks}
	p.ready = part[readiness]{keep: keepState, read: p.readReadiness}
	p.nodes = part[nodes.Overview]{keep: keepNodes, read: p.readNodes}
	p.setExamination()
	p.projects = part[[]cssstore.Project]{keep: keepProjects, share: largeShare, read: p.readProjects}
	p.names = part[map[cssstore.UUID]string]{keep: keepProjects, share: largeShare, read: p.readNames}
}

func (p *Page) route() {
	p.mux = http.NewServeMux()
	p.mux.HandleFunc("GET /{$}", p.servePage)
	p.mux.HandleFunc("GET /preview/{project}", p.servePreview)
	if p.token == nil {
		return
	}
	forms := http.NewServeMux()
	forms.HandleFunc("GET /pause", p.serveForm)
	forms.HandleFunc("POST /pause", p.pauseOrResume)
	p.mux.Handle("/pause", http.NewCrossOriginProtection().Handler(health.RequireToken(*p.token, forms)))
}

// ServeHTTP serves the page at /, a preview of each project's widget below /preview/, and
// the forms at /pause if there is a token. Any other path is 404. Behind a path of its
// own it needs [http.StripPrefix]; its links are relative.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *Page) servePage(w http.ResponseWriter, r *http.Request) {
	v := p.view(r.Context())
	status := http.StatusOK
	if v.Unknown {
		status = http.StatusServiceUnavailable
	}
	p.render(w, r, status, "page", v)
}

// readiness is the answer of the node's own readiness probe.
type readiness struct {
	Status string `json:"status"`
	Checks map[string]struct {
		OK  bool   `json:"ok"`
		Why string `json:"why"`
	} `json:"checks"`
}

func (p *Page) readProjects(ctx context.Context) ([]cssstore.Project, error) {
	if p.node.Projects == nil {
		return nil, nil
	}
	return p.node.Projects.Projects(ctx)
}

// readNames returns the names of the projects, nil if the list of this node has none.
func (p *Page) readNames(ctx context.Context) (map[cssstore.UUID]string, error) {
	if list, ok := p.node.Projects.(interface {
		Names(ctx context.Context) (map[cssstore.UUID]string, error)
	}); ok {
		return list.Names(ctx)
	}
	return nil, nil
}
