package memcachedadapter

import (
	"bytes"
	"errors"
	"sync"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// group is the part of a request that goes to one server.
type group struct {
	raws  []string
	at    []int // positions in the request, nil when it is the whole of it
	items map[string]*memcache.Item
	err   error
}

func (g *group) position(i int) int {
	if g.at == nil {
		return i
	}
	return g.at[i]
}

func (g *group) isComplete() bool {
	for _, raw := range g.raws {
		if g.items[raw] == nil {
			return false
		}
	}
	return true
}

// getSeveral reads keys in one round trip to each of their servers: in one call
// of the client, unless a server is known to be down. If that fails, the servers
// are asked one by one, to find out which of them failed.
func (a *Adapter) getSeveral(version string, keys []string, values [][]byte) error {
	var failed adapterkit.Failures
	raws, ok := a.allUp(version, keys)
	if ok {
		items, err := a.multi(raws)
		if err == nil {
			a.take(&group{raws: raws, items: items}, keys, values, &failed)
			return failed.Error("get")
		}
		groups := a.groupKeys(version, keys, &failed)
		if errors.Is(err, errWrongKey) { // of any server
			eachGroup(groups, a.getGroup)
		} else {
			eachGroup(a.settle(groups, items, err), a.getGroup)
		}
		return a.collect(groups, keys, values, &failed)
	}
	groups := a.groupKeys(version, keys, &failed)
	eachGroup(groups, a.getGroup)
	return a.collect(groups, keys, values, &failed)
}

// allUp returns the raw keys if all can be sent, and to servers that are up.
func (a *Adapter) allUp(version string, keys []string) ([]string, bool) {
	raws := make([]string, len(keys))
	down := a.anyDown()
	for i, k := range keys {
		var err error
		if raws[i], err = a.raw(version, k); err != nil || down && a.healthOf(raws[i]).down.Load() != nil {
			return nil, false
		}
	}
	return raws, true
}

// anyDown reports whether any server is down: then it matters which one has a key,
// and only then is that computed.
func (a *Adapter) anyDown() bool {
	for i := range a.health {
		if a.health[i].down.Load() != nil {
			return true
		}
	}
	return false
}

// multi reads the items of keys, and repeats that when a connection was lost.
func (a *Adapter) multi(raws []string) (map[string]*memcache.Item, error) {
	items, err := a.client.GetMulti(raws)
	if err != nil && isLostConnection(err) {
		_ = a.client.Close()
		items, err = a.client.GetMulti(raws)
	}
	if err == nil && hasForeign(items, raws) {
		return nil, a.wrongKey()
	}
	return items, err
}

// settle marks the group of the server that an error of several is about as
// failed, and returns the groups of the others that have to be asked again: the
// client returns one error and no keys.
func (a *Adapter) settle(groups []*group, items map[string]*memcache.Item, err error) []*group {
	var again []*group
	failed := a.failedServer(err)
	for _, g := range groups {
		g.items = items
		switch server := a.indexOf(g.raws[0]); {
		case server == failed:
			g.err = classify(err)
			a.health[server].report(false, err)
		case !g.isComplete():
			again = append(again, g)
		}
	}
	return again
}

// failedServer returns the index of the server that an error names, -1 if it
// names none.
func (a *Adapter) failedServer(err error) int {
	if len(a.health) == 1 {
		return 0
	}
	var server *serverError
	var timeout *memcache.ConnectTimeoutError
	addr := ""
	switch {
	case errors.As(err, &server):
		addr = server.addr
	case errors.As(err, &timeout):
		addr = timeout.Addr.String()
	}
	for i, known := range a.servers.addrs {
		if known.text == addr {
			return i
		}
	}
	return -1
}

// groupKeys spreads a request over the servers; a key that cannot be sent is a
// failure.
func (a *Adapter) groupKeys(version string, keys []string, failed *adapterkit.Failures) []*group {
	var groups []*group
	byServer := make([]*group, len(a.health))
	for i, k := range keys {
		raw, err := a.raw(version, k)
		if err != nil {
			failed.Add(k, err)
			continue
		}
		g := &byServer[a.indexOf(raw)]
		if *g == nil {
			*g = &group{raws: make([]string, 0, len(keys)-i), at: make([]int, 0, len(keys)-i)}
			groups = append(groups, *g)
		}
		(*g).raws, (*g).at = append((*g).raws, raw), append((*g).at, i)
	}
	return groups
}

// eachGroup runs do for every group concurrently, the last on this goroutine.
func eachGroup(groups []*group, do func(*group)) {
	if len(groups) == 0 {
		return
	}
	var wg sync.WaitGroup
	last := len(groups) - 1
	for _, g := range groups[:last] {
		wg.Go(func() { do(g) })
	}
	do(groups[last])
	wg.Wait()
}

// getGroup asks the server of a group, unless it is down.
func (a *Adapter) getGroup(g *group) {
	h := a.healthOf(g.raws[0])
	probe, err := h.admit()
	if err != nil {
		g.err = err
		return
	}
	g.items, err = a.multi(g.raws)
	h.report(probe, err)
	if err != nil {
		g.err = classify(err)
	}
}

func (a *Adapter) collect(groups []*group, keys []string, values [][]byte, failed *adapterkit.Failures) error {
	for _, g := range groups {
		a.take(g, keys, values, failed)
	}
	return failed.Error("get")
}

// take copies the items of a group into values. A key that is asked for twice
// shares one item; its Expiration, which means nothing when it was read, records
// the first position from 1, so that the second gets a copy of the value.
func (a *Adapter) take(g *group, keys []string, values [][]byte, failed *adapterkit.Failures) {
	for i, raw := range g.raws {
		at, item := g.position(i), g.items[raw]
		if item == nil {
			if g.err != nil {
				failed.Add(keys[at], g.err)
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
			failed.Add(keys[at], err)
		}
	}
}
