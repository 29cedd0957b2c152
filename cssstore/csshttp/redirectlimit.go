package csshttp

import (
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Nodes whose database and store agree with one another, but not with those of
// another node (a network that is split, replicas that lag), would send a visitor
// to and fro for as long as they differ, and nothing in a request tells that it
// has been here before. So a node redirects from one hash of a project only
// maxLeads times in leadWindow, and serves what it has to all others: browsers
// give up after 20 redirects, which several nodes share.
const (
	maxLeads   = 3
	leadWindow = 10 * time.Second
	// maxLeading bounds the hashes that are counted.
	maxLeading = 10000
)

// leads counts the redirects of a window. The zero value is ready for use, also by
// several goroutines.
type leads struct {
	mu     sync.Mutex
	since  time.Time
	counts map[key]int
}

// take reports whether a hash of a project may lead to another one once more.
func (l *leads) take(project cssstore.UUID, from cssstore.Hash) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.counts == nil || now.Sub(l.since) >= leadWindow {
		l.since, l.counts = now, map[key]int{}
	}
	k := key{project, from}
	n, counted := l.counts[k]
	if n >= maxLeads || !counted && len(l.counts) >= maxLeading {
		return false
	}
	l.counts[k] = n + 1
	return true
}
