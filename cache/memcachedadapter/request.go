package memcachedadapter

import (
	"context"
	"errors"
	"slices"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache/adapterkit"
)

func (a *Adapter) indexOf(raw string) int {
	if a.servers == nil {
		return 0
	}
	return a.servers.index(raw)
}

func (a *Adapter) healthOf(raw string) *health { return &a.health[a.indexOf(raw)] }

// getItem reads one item, nil for a miss.
func (a *Adapter) getItem(raw string) (*memcache.Item, error) {
	h := a.healthOf(raw)
	probe, err := h.admit()
	if err != nil {
		return nil, err
	}
	item, err := a.client.Get(raw)
	if err != nil && isLostConnection(err) {
		_ = a.client.Close() // its other idle connections are as old
		item, err = a.client.Get(raw)
	}
	if err == nil && item.Key != raw {
		item, err = nil, a.wrongKey()
	}
	err = ignoreMiss(err)
	h.report(probe, err)
	if err != nil {
		return nil, classify(err)
	}
	return item, nil
}

// errWrongKey: a server has answered for a key that it was not asked for, so its
// connection is out of step and of no more use.
var errWrongKey = errors.New("the server answers for another key")

// wrongKey returns errWrongKey and closes all idle connections, among which is
// the one that gave the answer.
func (a *Adapter) wrongKey() error {
	_ = a.client.Close()
	return errWrongKey
}

// few is up to how many keys are compared one by one.
const few = 16

// hasForeign reports whether there is an item that is not among the keys.
func hasForeign(items map[string]*memcache.Item, raws []string) bool {
	if len(raws) <= few {
		for key := range items {
			if !slices.Contains(raws, key) {
				return true
			}
		}
		return false
	}
	asked := make(map[string]bool, len(raws))
	for _, raw := range raws {
		asked[raw] = true
	}
	for key := range items {
		if !asked[key] {
			return true
		}
	}
	return false
}

// store writes an item with one of the client's commands.
func (a *Adapter) store(item *memcache.Item, command func(*memcache.Client, *memcache.Item) error) error {
	return a.request(item.Key, func() error { return command(a.client, item) })
}

func (a *Adapter) remove(raw string) error {
	return ignoreMiss(a.request(raw, func() error { return a.client.Delete(raw) }))
}

// request sends a request that may be repeated, because the connection was
// isLostConnection that served it.
func (a *Adapter) request(raw string, send func() error) error {
	h := a.healthOf(raw)
	probe, err := h.admit()
	if err != nil {
		return err
	}
	err = send()
	if err != nil && isLostConnection(err) {
		_ = a.client.Close()
		err = send()
	}
	h.report(probe, err)
	if err == nil || err == memcache.ErrCacheMiss || err == memcache.ErrNotStored || err == memcache.ErrCASConflict { //nolint:errorlint // the client's own, never wrapped
		return err
	}
	return classify(err)
}

// each runs do for every key, one after the other on each server and the
// servers side by side. Of equal keys the last is the one that stays.
func (a *Adapter) each(ctx context.Context, op, version string, keys []string, do func(raw string, i int) error) error {
	var failed adapterkit.Failures
	groups := a.groupKeys(version, keys, &failed)
	errs := make([]error, len(keys))
	eachGroup(groups, func(g *group) {
		for i, raw := range g.raws {
			if err := ctx.Err(); err != nil {
				errs[g.at[i]] = err
			} else {
				errs[g.at[i]] = do(raw, g.at[i])
			}
		}
	})
	for i, err := range errs {
		if err != nil {
			failed.Add(keys[i], err)
		}
	}
	return failed.Error(op)
}
