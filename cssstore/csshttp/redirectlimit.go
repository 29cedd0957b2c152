package csshttp

import (
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// In a network partition, or with replicas that lag, database and store of one node can
// agree with each other but not with those of another node. Both nodes would redirect a
// client to each other without end, and nothing in a request shows that it came before.
// So a node redirects from a hash of a project at most maxRedirects times in
// redirectWindow, and serves what it has to other requests. Browsers give up after 20
// redirects, which have to suffice for several nodes.
const (
	maxRedirects   = 3
	redirectWindow = 10 * time.Second
	// maxCounted bounds the number of hashes that are counted.
	maxCounted = 10000
)

// redirectLimit counts the redirects of a window. The zero value is ready to use, also
// concurrently.
type redirectLimit struct {
	mu     sync.Mutex
	since  time.Time
	counts map[key]int
}

// take counts a redirect from a hash of a project, and reports whether it is allowed.
func (l *redirectLimit) take(project cssstore.UUID, from cssstore.Hash) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.counts == nil || now.Sub(l.since) >= redirectWindow {
		l.since, l.counts = now, map[key]int{}
	}
	k := key{project, from}
	n, counted := l.counts[k]
	if n >= maxRedirects || !counted && len(l.counts) >= maxCounted {
		return false
	}
	l.counts[k] = n + 1
	return true
}
