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
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
)

// Node is a node of a mosparo cluster. [Open] makes it of public pieces, which are
// its fields and are not to be replaced; a program that needs another composition
// calls their constructors itself. A Node is safe for concurrent use.
type Node struct {
	Settings  *envconfig.Settings
	Pool      *cache.Pool
	Locker    *lock.Locker
	Database  cleanup.Database
	Scheduler *cleanup.Scheduler
	// CSS serves /resources/; nil if the node serves no CSS. Projects is nil then,
	// too.
	CSS      *csshttp.Handler
	Projects csshttp.Projects
	Health   *health.Handler
	// Mode is the mode of the scheduler, and WhyObserve says why that is
	// [cleanup.ModeObserve]; it is empty otherwise.
	Mode       cleanup.Mode
	WhyObserve string

	logger    *slog.Logger
	drain     time.Duration
	generator *cssgen.Generator // nil: none
	warm      atomic.Bool
	closing   sync.Mutex
	closers   []func() error
}

// Handler returns what the node serves on its public listener: the CSS below
// /resources/, the health checks, and 503 for any other path; see
// [health.Handler.ServeHTTP].
func (n *Node) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.Health)
	if n.CSS != nil {
		mux.Handle("/resources/", n.CSS)
	}
	return mux
}

// Close closes what [Open] has opened, the last first: the CSS handler, the locker,
// the servers' clients. Parts that were given stay open. Call it when [Node.Serve]
// and [Node.Run] have returned. It returns all errors; a second call does nothing.
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
