package cssstoretest

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
)

// Fake is a [cssstore.Store] in memory that can fail and be slow. It is also a
// [cssstore.Lister] and a [cssstore.Versioner]. It is safe for concurrent use. Make one
// with [NewFake].
type Fake struct {
	mu       sync.Mutex
	versions map[cssstore.UUID][]version
	err      error
	delay    time.Duration
	calls    map[string]int
}

// version is a stored version. The last one of a project is the current one.
type version struct {
	cssstore.Resource
	seen time.Time // of the first Get, if it is not settled
}

var _ interface {
	cssstore.Store
	cssstore.Lister
	cssstore.Versioner
} = (*Fake)(nil)

// FakeOption changes a default of [NewFake]. There is none yet.
type FakeOption func(*Fake)

// NewFake returns an empty store. It panics if an option is nil.
func NewFake(opts ...FakeOption) *Fake {
	f := &Fake{versions: map[cssstore.UUID][]version{}, calls: map[string]int{}}
	option.Apply("cssstoretest: NewFake", f, opts)
	return f
}

// Fail makes every request fail with err, wrapped in a [*cssstore.OpError], and change
// nothing. With nil requests work again.
func (f *Fake) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// Delay makes every request take d, or end with its context. It panics if d is negative.
func (f *Fake) Delay(d time.Duration) {
	if d < 0 {
		panic("cssstoretest: Delay: d is negative")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = d
}

// Calls returns the number of requests of a kind: "get", "hash", "put", "delete" or
// "list".
func (f *Fake) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// PutAsPHP stores a version as a PHP node does: it is settled for a Get that comes
// [cssstore.SettleTime] after the first one.
func (f *Fake) PutAsPHP(r cssstore.Resource) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Source = cssstore.Source{}
	f.store(r, false)
}

// Forget removes the earlier versions of all projects.
func (f *Fake) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for project, all := range f.versions {
		f.versions[project] = all[len(all)-1:]
	}
}

// begin counts a request, and delays or fails it. Without an error it returns with f.mu
// locked.
func (f *Fake) begin(ctx context.Context, op string, project cssstore.UUID) error {
	f.mu.Lock()
	f.calls[op]++
	delay := f.delay
	f.mu.Unlock()
	err := context.Cause(ctx)
	if err == nil && delay > 0 {
		err = sleep.For(ctx, delay)
	}
	if err != nil {
		return &cssstore.OpError{Op: op, Project: project, Err: err}
	}
	f.mu.Lock()
	if f.err != nil {
		defer f.mu.Unlock()
		return &cssstore.OpError{Op: op, Project: project, Err: f.err}
	}
	return nil
}

// Get implements [cssstore.Store].
func (f *Fake) Get(ctx context.Context, project cssstore.UUID) (cssstore.Resource, error) {
	return f.find(ctx, "get", project, func(all []version) int { return len(all) - 1 })
}

// Hash implements [cssstore.Store].
func (f *Fake) Hash(ctx context.Context, project cssstore.UUID) (cssstore.Hash, error) {
	r, err := f.find(ctx, "hash", project, func(all []version) int { return len(all) - 1 })
	return r.Hash, err
}

// Version implements [cssstore.Versioner].
func (f *Fake) Version(ctx context.Context, project cssstore.UUID, hash cssstore.Hash) (cssstore.Resource, error) {
	return f.find(ctx, "get", project, func(all []version) int {
		return slices.IndexFunc(all, func(v version) bool { return v.Hash == hash })
	})
}

func (f *Fake) find(ctx context.Context, op string, project cssstore.UUID, which func([]version) int) (cssstore.Resource, error) {
	if err := f.begin(ctx, op, project); err != nil {
		return cssstore.Resource{}, err
	}
	defer f.mu.Unlock()
	all := f.versions[project]
	i := which(all)
	if i < 0 {
		return cssstore.Resource{}, &cssstore.OpError{Op: op, Project: project, Err: cssstore.ErrNotFound}
	}
	v := &all[i]
	if op == "get" && !v.Settled {
		if v.seen.IsZero() {
			v.seen = time.Now()
		}
		v.Settled = time.Since(v.seen) >= cssstore.SettleTime
	}
	r := v.Resource
	r.CSS = bytes.Clone(r.CSS)
	return r, nil
}

// Put implements [cssstore.Store].
func (f *Fake) Put(ctx context.Context, r cssstore.Resource) error {
	if err := r.Check(); err != nil {
		return &cssstore.OpError{Op: "put", Project: r.Project, Err: err}
	}
	if err := f.begin(ctx, "put", r.Project); err != nil {
		return err
	}
	defer f.mu.Unlock()
	f.store(r, true)
	return nil
}

func (f *Fake) store(r cssstore.Resource, settled bool) {
	r.CSS, r.Settled, r.Modified = bytes.Clone(r.CSS), settled, time.Now()
	earlier := slices.DeleteFunc(f.versions[r.Project], func(v version) bool { return v.Hash == r.Hash })
	f.versions[r.Project] = append(earlier, version{Resource: r})
}

// Delete implements [cssstore.Store].
func (f *Fake) Delete(ctx context.Context, project cssstore.UUID) error {
	if err := f.begin(ctx, "delete", project); err != nil {
		return err
	}
	defer f.mu.Unlock()
	delete(f.versions, project)
	return nil
}

// List implements [cssstore.Lister]. It yields projects in the order of their UUIDs.
func (f *Fake) List(ctx context.Context) iter.Seq2[cssstore.UUID, error] {
	return func(yield func(cssstore.UUID, error) bool) {
		if err := f.begin(ctx, "list", cssstore.UUID{}); err != nil {
			yield(cssstore.UUID{}, err)
			return
		}
		projects := make([]cssstore.UUID, 0, len(f.versions))
		for p := range f.versions {
			projects = append(projects, p)
		}
		f.mu.Unlock()
		slices.SortFunc(projects, func(a, b cssstore.UUID) int { return bytes.Compare(a[:], b[:]) })
		for _, p := range projects {
			if !yield(p, nil) {
				return
			}
		}
	}
}
