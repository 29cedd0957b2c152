package connect

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
)

// Node is a node of a mosparo cluster. [Open] creates it. Its fields are the public
// parts that it consists of, to be used and not to be replaced; a program that needs
// other parts calls their constructors itself. A Node is safe for concurrent use.
type Node struct {
	Settings  *envconfig.Settings
	Pool      *cache.Pool
	Locker    *lock.Locker
	Database  cleanup.Database
	Scheduler *cleanup.Scheduler
	// CSS serves /resources/. It and Projects are nil if the node serves no CSS: it has
	// no list of the projects, or their CSS is in a directory that it does not know.
	CSS      *csshttp.Handler
	Projects csshttp.Projects
	// CSSSource is where CSS reads prepared CSS.
	CSSSource CSSSource
	Health    *health.Handler
	// Nodes lists the nodes of the cluster and their differences; nil with
	// [WithoutNodes].
	Nodes *nodes.Registry
	// Mode is the mode of the scheduler. WhyObserve says why it is
	// [cleanup.ModeObserve], and is empty otherwise.
	Mode       cleanup.Mode
	WhyObserve string

	// opened says which parts are those of the settings.
	opened struct{ cache, database bool }
	// loaded is what mosparo's files said when the node was opened.
	loaded *envconfig.Settings

	logger    *slog.Logger
	drain     time.Duration
	generator *cssgen.Generator // nil: none
	warm      atomic.Bool
	closing   sync.Mutex
	closers   []func() error
}

// Handler returns the handler of the public listener. It serves the CSS below
// /resources/ and the health checks, and answers any other path with 503; see
// [health.Handler.ServeHTTP]. Each request has an id; see [requestid.FromContext].
func (n *Node) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.Health)
	if n.CSS != nil {
		mux.Handle("/resources/", n.CSS)
	}
	return requestid.Handler(mux)
}

// Close closes the parts that [Open] has opened, in the reverse order: the CSS handler,
// the locker, the clients of the servers. Parts that an option provided stay open. Call
// it when [Node.Serve] or [Node.Run] has returned. The error joins those of all parts. A
// second call does nothing.
func (n *Node) Close() error {
	n.closing.Lock()
	defer n.closing.Unlock()
	var errs []error
	for _, f := range slices.Backward(n.closers) {
		errs = append(errs, f())
	}
	n.closers = nil
	return errors.Join(errs...)
}

func (n *Node) onClose(f func() error) { n.closers = append(n.closers, f) }
