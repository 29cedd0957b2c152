package memcachedadapter

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Clear implements [cache.Clearer]. It lists the keys of all servers (see
// [Adapter.List]) and removes those that [WithOwned] names.
//
// Where a server cannot list them it does what clearing does in Symfony: it
// stores a new namespace version, so that no node finds the old entries again,
// and returns -1. That hides everything under the version, also the entries of
// other applications whose Symfony pool has no namespace either; entries
// without a version, such as locks, stay. Nothing is ever flushed.
func (a *Adapter) Clear(ctx context.Context) (int, error) {
	if err := adapterkit.CheckOwned(a.owned); err != nil {
		return 0, adapterkit.Error("clear", nil, err)
	}
	var owned []string
	err := a.eachRaw(ctx, func(key, raw string) error {
		if a.owned.Match(key) {
			owned = append(owned, raw)
		}
		return nil
	})
	switch {
	case errors.Is(err, errNoList):
		return a.changeVersion(ctx)
	case err != nil:
		return 0, adapterkit.Error("clear", nil, err)
	}
	n := 0
	for _, raw := range owned {
		if err := ctx.Err(); err != nil {
			return n, adapterkit.Error("clear", nil, err)
		}
		err := a.request(raw, func() error { return a.client.Delete(raw) })
		switch {
		case err == nil:
			n++
		case ignoreMiss(err) != nil:
			return n, adapterkit.Error("clear", nil, err)
		}
	}
	return n, nil
}

func (a *Adapter) changeVersion(ctx context.Context) (int, error) {
	select {
	case a.versions.reading <- struct{}{}:
	case <-ctx.Done():
		return 0, adapterkit.Error("clear", nil, ctx.Err())
	}
	defer func() { <-a.versions.reading }()
	start := time.Now()
	made := formatVersion(int64(rand.Uint32()))
	err := a.store(&memcache.Item{Key: a.versionKey, Value: versionValue(made)}, (*memcache.Client).Set)
	if err != nil {
		return 0, adapterkit.Error("clear", nil, err)
	}
	a.versions.known.Store(&version{text: made, read: start})
	return -1, nil
}
