package csshttp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

// designs is mosparo's database: the design of the project, and the hash for
// which mosparo last prepared CSS. The hash of a design is that of its text.
type designs struct {
	mu     sync.Mutex
	design string
	stored cssstore.Hash
}

func (d *designs) get() (design string, stored cssstore.Hash) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.design, d.stored
}

func (d *designs) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// view is the database as one node reaches it.
type view struct {
	*designs
	down, hangs atomic.Bool
}

var errDatabase = errors.New("the database is gone")

func (v *view) Projects(ctx context.Context) ([]cssstore.Project, error) {
	if v.hangs.Load() {
		<-ctx.Done()
	}
	if v.down.Load() || ctx.Err() != nil {
		return nil, errDatabase
	}
	_, stored := v.get()
	return []cssstore.Project{{UUID: project, Hash: stored}}, nil
}

// phpNode answers as mosparo does with MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE:
// it takes a cache that fails for one without the entry, prepares CSS for every
// hash but the cached one, and redirects to the hash of the design.
type phpNode struct {
	*designs
	pool     *cache.Pool
	prepared atomic.Int64
}

var (
	contentKey = cache.Key[string]("design_" + project.String() + "_content")
	cachedKey  = cache.Key[string]("design_" + project.String() + "_hash")
)

// save saves a design as mosparo's form does.
func (n *phpNode) save(ctx context.Context, design string) {
	n.set(func() { n.design = design })
	hash := n.store(ctx, design)
	n.set(func() { n.stored = hash })
}

// store writes two entries, one after the other; an error is logged at most.
func (n *phpNode) store(ctx context.Context, design string) cssstore.Hash {
	hash := cssstoretest.HashOf(design)
	_ = contentKey.Set(ctx, n.pool, design, 0)
	_ = cachedKey.Set(ctx, n.pool, hash.String(), 0)
	return hash
}

func (n *phpNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	redirect := func(hash string) {
		w.Header().Set("Cache-Control", "no-cache, public")
		w.Header().Set("Location", "http://"+r.Host+"/resources/"+project.String()+"/"+hash+".css")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	design, stored := n.get()
	asked, ok := strings.CutPrefix(r.URL.Path, "/resources/"+project.String()+"/")
	if !ok {
		redirect(stored.String())
		return
	}
	content, noContent := contentKey.Get(r.Context(), n.pool)
	cached, noHash := cachedKey.Get(r.Context(), n.pool)
	switch {
	case noContent == nil && noHash == nil && asked == cached+".css":
		w.Header().Set("Content-Type", "text/css; charset=UTF-8")
		w.Header().Set("Cache-Control", "max-age=31536000, public")
		_, _ = w.Write([]byte(content))
	case noContent == nil && noHash != nil:
		redirect(stored.String())
	default:
		n.prepared.Add(1)
		redirect(n.store(r.Context(), design).String())
	}
}
