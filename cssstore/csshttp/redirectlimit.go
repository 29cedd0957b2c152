package csshttp

import (
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Nodes whose database and store agree with one another, but not with those of
// another node (a network partition, replicas that lag), would redirect a client
// to and fro for as long as they differ, and nothing in a request tells that it
// has been here before. So a node redirects from one hash of a project only
// maxRedirects times in redirectWindow, and serves what it has to all others:
// browsers give up after 20 redirects, which several nodes share.
const (
	maxRedirects   = 3
	redirectWindow = 10 * time.Second
	// maxCounted bounds the hashes that are counted.
	maxCounted = 10000
)

// redirectLimit counts the redirects of a window. The zero value is ready, also
// for concurrent use.
type redirectLimit struct {
	mu     sync.Mutex
	since  time.Time
	counts map[key]int
}

// take reports whether one more client may be redirected from a hash of a project.
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
