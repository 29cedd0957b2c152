package nodes

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Option changes a default of [New].
type Option func(*options)

type options struct {
	mode      cleanup.Mode
	host      string
	named     bool // by WithHost
	mayDiffer []string
	logger    *slog.Logger
	random    func(n time.Duration) time.Duration
}

func newOptions(opts []Option) options {
	o := options{logger: slog.New(slog.DiscardHandler), random: rand.N[time.Duration]}
	for _, f := range opts {
		if f == nil {
			panic("nodes: New: opts has a nil Option")
		}
		f(&o)
	}
	if o.host == "" {
		o.host = hostname()
	}
	return o
}

func hostname() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "unknown"
	}
	return host
}

// WithMode sets whether the node takes part ([cleanup.ModeClean]) and so writes its record,
// or observes, which is the default. It panics if there is no such mode.
func WithMode(m cleanup.Mode) Option {
	if m != cleanup.ModeObserve && m != cleanup.ModeClean {
		panic("nodes.WithMode: m is no mode")
	}
	return func(o *options) { o.mode = m }
}

// WithHost sets the name under which the node is listed. Nodes with the same name and
// directory are taken for one that restarts, so it should be unique in the cluster. The
// default, also for the empty name, is the name of the host.
func WithHost(name string) Option {
	return func(o *options) { o.host, o.named = name, name != "" }
}

// WithMayDiffer declares settings of env.mosparo.php, by their names, and folders
// ([FolderResources], [FolderData]) that may differ between nodes, such as database_host
// where each node has its own proxy. It is enough if one node declares it. Several options
// add up. The default is none.
func WithMayDiffer(names ...string) Option {
	return func(o *options) { o.mayDiffer = append(o.mayDiffer, slices.Clone(names)...) }
}

// WithLogger logs differences between the nodes, each once, and why the node is not
// listed. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) {
		if o.logger = l; l == nil {
			o.logger = slog.New(slog.DiscardHandler)
		}
	}
}

// WithRandom sets the source of the random part of the time between two heartbeats, for a
// simulation that runs the same way again from the same seed. f returns a duration from 0
// up to but not including n, which is above 0. The default, also for nil, is [math/rand/v2.N].
func WithRandom(f func(n time.Duration) time.Duration) Option {
	return func(o *options) {
		if o.random = f; f == nil {
			o.random = rand.N[time.Duration]
		}
	}
}
