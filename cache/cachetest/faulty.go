package cachetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

// Faulty is a [cache.Adapter] in front of another one, with faults to inject.
// It is safe for concurrent use and works in a testing/synctest bubble when
// the adapter below does. Without a fault it only counts requests.
//
// It implements all optional abilities; one that the adapter below lacks
// returns an error that unwraps to [errors.ErrUnsupported].
type Faulty struct {
	below cache.Adapter

	mu     sync.Mutex
	faults []*injected
	counts map[Op]int
}

var _ interface {
	cache.Adapter
	cache.Clearer
	cache.Pinger
	cache.Pruner
	cache.Lister
	cache.Limiter
} = (*Faulty)(nil)

type injected struct {
	Fault
	left int
}

// Op is a kind of request.
type Op string

// The kinds of requests.
const (
	OpGet    Op = "get"
	OpSet    Op = "set"
	OpDelete Op = "delete"
	OpPing   Op = "ping"
	OpClear  Op = "clear"
	OpPrune  Op = "prune"
	OpList   Op = "list"
)

// Fault describes a failure of the requests that it matches. The fields
// combine: a request is first delayed, then done unless it fails or is
// dropped, then its reply is lost.
type Fault struct {
	// Op is the kind of request that it hits; all when empty.
	Op Op
	// Key limits it to requests with this key; a request with several keys is
	// hit as a whole.
	Key string
	// Match, if not nil, limits it further: it is asked once for each request
	// that Op and Key let through, one at a time, so that it may count or draw
	// from a seed.
	Match func(op Op, keys []string) bool

	// Delay passes before the request is done. A deadline of the context that
	// comes first ends it, and the request is not done.
	Delay time.Duration
	// Err fails the request before it is done.
	Err error
	// Lost acknowledges a write that is not done; a read finds nothing.
	Lost bool
	// ReplyLost does the request and then fails it with this error: an
	// ambiguous outcome.
	ReplyLost error

	// Times ends the fault after it has hit so often; 0 means never.
	Times int
}

// FaultyOption changes a default of [NewFaulty]. There is none yet.
type FaultyOption func(*Faulty)

// NewFaulty puts faults in front of an adapter. Closing it closes that one. A nil
// adapter or option panics.
func NewFaulty(below cache.Adapter, opts ...FaultyOption) *Faulty {
	if below == nil {
		panic("cachetest: NewFaulty: below is nil")
	}
	f := &Faulty{below: below, counts: map[Op]int{}}
	for _, o := range opts {
		if o == nil {
			panic("cachetest: NewFaulty: opts has a nil FaultyOption")
		}
		o(f)
	}
	return f
}

// NewFake returns a cache in memory with faults.
func NewFake(opts ...memoryadapter.Option) *Faulty {
	return NewFaulty(memoryadapter.New(opts...))
}

// Inject adds a fault; the function returned removes it. The fault added last
// is asked first, and only one hits a request. A negative Delay or Times panics.
func (f *Faulty) Inject(fault Fault) (remove func()) {
	switch {
	case fault.Delay < 0:
		panic("cachetest: Inject: Delay is negative")
	case fault.Times < 0:
		panic("cachetest: Inject: Times is negative")
	}
	in := &injected{Fault: fault, left: fault.Times}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, in)
	return func() { f.drop(in) }
}

// Fail makes all requests fail with err until the function returned is
// called: a cache that is down.
func (f *Faulty) Fail(err error) (heal func()) { return f.Inject(Fault{Err: err}) }

// Down is [Faulty.Fail] with [cache.ErrUnavailable].
func (f *Faulty) Down() (heal func()) {
	return f.Fail(fmt.Errorf("%w: injected", cache.ErrUnavailable))
}

// Heal removes all faults.
func (f *Faulty) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Requests returns the number of requests of one kind, or of all if op is empty,
// including failed ones.
func (f *Faulty) Requests(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op != "" {
		return f.counts[op]
	}
	n := 0
	for _, c := range f.counts {
		n += c
	}
	return n
}

// Expire removes keys as an expiry or an eviction does. It is no request: no
// fault hits it.
func (f *Faulty) Expire(keys ...string) {
	_ = f.below.Delete(context.Background(), keys...)
}

// Flush removes all entries, as FLUSHDB does: of a memory adapter every one, of
// another adapter those that its [cache.Clearer] removes.
func (f *Faulty) Flush() error {
	var err error
	switch a := f.below.(type) {
	case interface {
		Flush(context.Context) (int, error)
	}:
		_, err = a.Flush(context.Background())
	case cache.Clearer:
		_, err = a.Clear(context.Background())
	default:
		err = unsupported("flush")
	}
	return err
}

// Below returns the adapter behind the faults.
func (f *Faulty) Below() cache.Adapter { return f.below }

// Get implements [cache.Adapter].
func (f *Faulty) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	if len(keys) == 0 {
		return f.below.Get(ctx)
	}
	var values [][]byte
	err := f.do(ctx, OpGet, keys, func() (err error) {
		values, err = f.below.Get(ctx, keys...)
		return err
	}, func() { values = make([][]byte, len(keys)) })
	return values, err
}

// Set implements [cache.Adapter].
func (f *Faulty) Set(ctx context.Context, items ...cache.Item) error {
	if len(items) == 0 {
		return f.below.Set(ctx)
	}
	if err := adapterkit.CheckItems(items, 0); err != nil {
		return err
	}
	return f.do(ctx, OpSet, adapterkit.Keys(items), func() error { return f.below.Set(ctx, items...) }, nil)
}

// Delete implements [cache.Adapter].
func (f *Faulty) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return f.below.Delete(ctx)
	}
	return f.do(ctx, OpDelete, keys, func() error { return f.below.Delete(ctx, keys...) }, nil)
}

// Close closes the adapter below.
func (f *Faulty) Close() error { return f.below.Close() }

// Ping implements [cache.Pinger].
func (f *Faulty) Ping(ctx context.Context) error {
	return f.do(ctx, OpPing, nil, func() error {
		if p, ok := f.below.(cache.Pinger); ok {
			return p.Ping(ctx)
		}
		return unsupported(OpPing)
	}, nil)
}

// Clear implements [cache.Clearer].
func (f *Faulty) Clear(ctx context.Context) (n int, err error) {
	err = f.do(ctx, OpClear, nil, func() (err error) {
		if c, ok := f.below.(cache.Clearer); ok {
			n, err = c.Clear(ctx)
			return err
		}
		return unsupported(OpClear)
	}, nil)
	return n, err
}

// Prune implements [cache.Pruner].
func (f *Faulty) Prune(ctx context.Context) (n int, err error) {
	err = f.do(ctx, OpPrune, nil, func() (err error) {
		if p, ok := f.below.(cache.Pruner); ok {
			n, err = p.Prune(ctx)
			return err
		}
		return unsupported(OpPrune)
	}, nil)
	return n, err
}

// List implements [cache.Lister]. A fault hits its beginning.
func (f *Faulty) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		l, ok := f.below.(cache.Lister)
		err := f.do(ctx, OpList, nil, func() error {
			if !ok {
				return unsupported(OpList)
			}
			return nil
		}, func() { ok = false })
		switch {
		case err != nil:
			yield("", err)
		case ok:
			l.List(ctx, prefix)(yield)
		}
	}
}

// unsupported is the error of an ability that the adapter below lacks.
func unsupported(op Op) error {
	return adapterkit.Error(string(op), nil, errors.ErrUnsupported)
}

// MaxValueSize implements [cache.Limiter]: 0 when the adapter below names no
// limit.
func (f *Faulty) MaxValueSize() int {
	if l, ok := f.below.(cache.Limiter); ok {
		return l.MaxValueSize()
	}
	return 0
}
