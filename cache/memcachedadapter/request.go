package memcachedadapter

import (
	"bytes"
	"context"
	"sync"

	"github.com/bradfitz/gomemcache/memcache"
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
	if err != nil && lost(err) {
		_ = a.client.Close() // its other idle connections are as old
		item, err = a.client.Get(raw)
	}
	err = missed(err)
	h.report(probe, err)
	if err != nil {
		return nil, classified(err)
	}
	return item, nil
}

// store writes an item with one of the client's commands.
func (a *Adapter) store(item *memcache.Item, command func(*memcache.Client, *memcache.Item) error) error {
	return a.request(item.Key, func() error { return command(a.client, item) })
}

func (a *Adapter) remove(raw string) error {
	return missed(a.request(raw, func() error { return a.client.Delete(raw) }))
}

// request sends a request that may be repeated, because the connection was
// lost that served it.
func (a *Adapter) request(raw string, send func() error) error {
	h := a.healthOf(raw)
	probe, err := h.admit()
	if err != nil {
		return err
	}
	err = send()
	if err != nil && lost(err) {
		_ = a.client.Close()
		err = send()
	}
	h.report(probe, err)
	if err == nil || err == memcache.ErrCacheMiss || err == memcache.ErrNotStored || err == memcache.ErrCASConflict { //nolint:errorlint // the client's own, never wrapped
		return err
	}
	return classified(err)
}

// getMulti reads the items of keys that are all on one server.
func (a *Adapter) getMulti(raws []string) (map[string]*memcache.Item, error) {
	h := a.healthOf(raws[0])
	probe, err := h.admit()
	if err != nil {
		return nil, err
	}
	items, err := a.client.GetMulti(raws)
	if err != nil && lost(err) {
		_ = a.client.Close()
		items, err = a.client.GetMulti(raws)
	}
	h.report(probe, err)
	if err != nil {
		return items, classified(err)
	}
	return items, nil
}

// group is what one server has of a request.
type group struct {
	raws  []string
	at    []int // positions in the request
	items map[string]*memcache.Item
	err   error
}

// grouped spreads a request over the servers; a key that cannot be sent is a
// failure.
func (a *Adapter) grouped(version string, keys []string, failed *failures) []group {
	groups := make([]group, 0, min(len(keys), len(a.health)))
	var place [16]int // of a server's group, plus 1
	places := place[:min(len(a.health), len(place))]
	if len(a.health) > len(place) {
		places = make([]int, len(a.health))
	}
	for i, k := range keys {
		raw, err := a.raw(version, k)
		if err != nil {
			failed.add(k, err)
			continue
		}
		at := &places[a.indexOf(raw)]
		if *at == 0 {
			groups = append(groups, group{raws: make([]string, 0, len(keys)-i), at: make([]int, 0, len(keys)-i)})
			*at = len(groups)
		}
		g := &groups[*at-1]
		g.raws, g.at = append(g.raws, raw), append(g.at, i)
	}
	return groups
}

// side runs do for every group side by side. The largest runs on this
// goroutine: the client starts one of its own for several keys.
func side(groups []group, do func(*group)) {
	if len(groups) == 0 {
		return
	}
	largest := 0
	for i := range groups {
		if len(groups[i].raws) > len(groups[largest].raws) {
			largest = i
		}
	}
	var wg sync.WaitGroup
	for i := range groups {
		if i != largest {
			wg.Go(func() { do(&groups[i]) })
		}
	}
	do(&groups[largest])
	wg.Wait()
}

// getSeveral reads keys in one round trip to each of their servers.
func (a *Adapter) getSeveral(version string, keys []string, values [][]byte) error {
	var failed failures
	groups := a.grouped(version, keys, &failed)
	side(groups, func(g *group) {
		if len(g.raws) == 1 {
			var item *memcache.Item
			if item, g.err = a.getItem(g.raws[0]); item != nil {
				g.items = map[string]*memcache.Item{item.Key: item}
			}
			return
		}
		g.items, g.err = a.getMulti(g.raws)
	})
	for i := range groups {
		a.take(&groups[i], keys, values, &failed)
	}
	return failed.error("get")
}

// take hands out the items of a group. The lifetime of an item that was read is
// free for a note: at which position it went out first, from 1.
func (a *Adapter) take(g *group, keys []string, values [][]byte, failed *failures) {
	for i, raw := range g.raws {
		at, item := g.at[i], g.items[raw]
		if item == nil {
			if g.err != nil {
				failed.add(keys[at], g.err)
			}
			continue
		}
		if item.Expiration > 0 {
			values[at] = bytes.Clone(values[item.Expiration-1]) // the caller owns both
			continue
		}
		item.Expiration = int32(at + 1)
		var err error
		if values[at], err = a.content(keys[at], item); err != nil {
			failed.add(keys[at], err)
		}
	}
}

// each runs do for every key, one after the other on each server and the
// servers side by side. Of equal keys the last is the one that stays.
func (a *Adapter) each(ctx context.Context, op, version string, keys []string, do func(raw string, i int) error) error {
	var failed failures
	groups := a.grouped(version, keys, &failed)
	errs := make([]error, len(keys))
	side(groups, func(g *group) {
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
			failed.add(keys[i], err)
		}
	}
	return failed.error(op)
}
