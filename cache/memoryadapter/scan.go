package memoryadapter

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// firstPrune is the number of entries from which on a Set removes the expired
// ones, then again each time their number has doubled: entries that are never
// read do not pile up, at a constant cost per Set.
const firstPrune = 1024

// Clear implements [cache.Clearer].
func (a *Adapter) Clear(ctx context.Context) (int, error) {
	if err := adapterkit.CheckOwned(a.owned); err != nil {
		return 0, adapterkit.Error("clear", nil, err)
	}
	return a.remove(ctx, "clear", func(k string, _ *entry) bool { return a.owned.Match(k) })
}

// Flush removes all entries of any owner: in a test, the FLUSHDB or flush_all
// of another application.
func (a *Adapter) Flush(ctx context.Context) (int, error) {
	return a.remove(ctx, "flush", func(string, *entry) bool { return true })
}

// Prune implements [cache.Pruner].
func (a *Adapter) Prune(ctx context.Context) (int, error) {
	now := time.Now()
	return a.remove(ctx, "prune", func(_ string, e *entry) bool { return e.isExpired(now) })
}

// List implements [cache.Lister]. It yields the keys that were there at its
// beginning.
func (a *Adapter) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys, err := a.keys(ctx, prefix)
		if err != nil {
			yield("", adapterkit.Error("list", nil, err))
			return
		}
		for _, k := range keys {
			if err := ctx.Err(); err != nil {
				yield("", adapterkit.Error("list", nil, err))
				return
			}
			if !yield(k, nil) {
				return
			}
		}
	}
}

func (a *Adapter) keys(ctx context.Context, prefix string) ([]string, error) {
	now := time.Now()
	a.mu.RLock()
	defer a.mu.RUnlock()
	if err := a.state.Check(ctx); err != nil {
		return nil, err
	}
	var keys []string
	for k, e := range a.entries {
		if strings.HasPrefix(k, prefix) && len(e.value) > 0 && !e.isExpired(now) {
			keys = append(keys, k)
		}
	}
	// In order, so that a simulation with a seed replays.
	slices.Sort(keys)
	return keys, nil
}

func (a *Adapter) remove(ctx context.Context, op string, which func(string, *entry) bool) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.state.Check(ctx); err != nil {
		return 0, adapterkit.Error(op, nil, err)
	}
	before := len(a.entries)
	maps.DeleteFunc(a.entries, func(k string, e entry) bool { return which(k, &e) })
	return before - len(a.entries), nil
}

func (a *Adapter) pruneExpired(now time.Time) {
	maps.DeleteFunc(a.entries, func(_ string, e entry) bool { return e.isExpired(now) })
}
