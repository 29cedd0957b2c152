package nodes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mosparo/go-cluster/cache"
)

// Read returns the nodes whose records are in the shared cache, sorted by host and id. It
// writes nothing, but a filesystem cache removes expired records when they are read.
func Read(ctx context.Context, pool *cache.Pool) ([]Node, error) {
	if pool == nil {
		panic("nodes.Read: pool is nil")
	}
	v, err := read(ctx, pool, nil)
	if err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	return v.nodes(), nil
}

// view is what was read from the shared cache.
type view struct {
	index   index
	records map[string]*cache.Result[record]
}

// read reads the list and the records of the ids that are known in one request. The
// records of ids that only the list has need a second one.
func read(ctx context.Context, pool *cache.Pool, known []string) (view, error) {
	v := view{records: map[string]*cache.Result[record]{}}
	var stored cache.Result[index]
	requestErr := cache.Read(ctx, pool, append(v.targets(known), indexKey.Into(&stored))...)
	var err error
	if v.index, err = interpretIndex(stored); err != nil {
		return v, err
	}
	var others []string
	for _, id := range v.index.IDs {
		if v.records[id] == nil {
			others = append(others, id)
		}
	}
	if len(others) > 0 {
		requestErr = errors.Join(requestErr, cache.Read(ctx, pool, v.targets(others)...))
	}
	if len(v.records) > 0 && v.allFailed() {
		return v, requestErr
	}
	return v, nil // a record that could not be read is on another server, perhaps
}

// targets adds the records of the ids to those that are read.
func (v *view) targets(ids []string) (targets []cache.Target) {
	for _, id := range ids {
		v.records[id] = new(cache.Result[record])
		targets = append(targets, recordKey(id).Into(v.records[id]))
	}
	return targets
}

// allFailed reports whether no record could be read because of the request.
func (v *view) allFailed() bool {
	for _, r := range v.records {
		var broken *cache.DecodeError
		if r.Err == nil || r.Missing() || errors.As(r.Err, &broken) || errors.Is(r.Err, cache.ErrTooLarge) {
			return false
		}
	}
	return true
}

// node returns the node with the id, false if there is none, or one that cannot be read.
func (v *view) node(id string) (Node, bool) {
	r := v.records[id]
	if r == nil || !r.Present() || r.Value.Format != 0 {
		return Node{}, false
	}
	return r.Value.node(id), true
}

// nodes returns all nodes.
func (v *view) nodes() []Node {
	all := []Node{}
	for id := range v.records {
		if n, ok := v.node(id); ok {
			all = append(all, n)
		}
	}
	sortNodes(all)
	return all
}

func sortNodes(all []Node) {
	slices.SortFunc(all, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID)) })
}
