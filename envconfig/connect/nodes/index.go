package nodes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// index is the list of all nodes as it is stored.
type index struct {
	// Format is 0, as that of a record.
	Format  int      `php:"format"`
	Written int64    `php:"written"`
	IDs     []string `php:"ids"`
}

const (
	indexKey cache.Key[index] = "mosparoGoNodes"
	indexTTL                  = 7 * 24 * time.Hour
	// indexLock is the lock under which the list is written.
	indexLock = lock.ReservedPrefix + "nodes"
	lockWait  = 5 * time.Second
	// maxNodes limits the number of ids.
	maxNodes = 256
	// maxClockSkew is how far clocks of nodes may be apart.
	maxClockSkew = 5 * time.Minute
)

var errNewerIndex = errors.New("the list of nodes " + string(indexKey) + " is in a format of a later version")

// interpretIndex returns the list that was read. One that is absent or damaged is empty.
// The error is that of the request, or [errNewerIndex].
func interpretIndex(r cache.Result[index]) (index, error) {
	var broken *cache.DecodeError
	switch {
	case r.Missing(), errors.As(r.Err, &broken):
		return index{}, nil
	case r.Err != nil:
		return index{}, r.Err
	case r.Value.Format != 0:
		return index{}, errNewerIndex
	}
	ids := slices.DeleteFunc(r.Value.IDs, func(id string) bool { return !isID(id) })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return index{Written: r.Value.Written, IDs: ids[:min(len(ids), maxNodes)]}, nil
}

// isDue reports whether the list must be written: it lacks the id, or half its lifetime is
// over. A time that is ahead is of a wrong clock.
func (x index) isDue(id string, now time.Time) bool {
	age := now.Sub(time.Unix(x.Written, 0))
	return !slices.Contains(x.IDs, id) || age > indexTTL/2 || age < -maxClockSkew
}

// join writes the record together with the list, to which it adds the id, and from which
// it removes the ids without a record.
func join(ctx context.Context, pool *cache.Pool, locker *lock.Locker, id string, own cache.Entry) error {
	return locker.Do(ctx, indexLock, func(ctx context.Context) error {
		v, err := read(ctx, pool, nil)
		if err != nil {
			return err
		}
		if !v.index.isDue(id, time.Now()) {
			return cache.Write(ctx, pool, own)
		}
		ids := []string{id}
		for _, other := range v.index.IDs {
			if r := v.records[other]; other != id && !r.Missing() && len(ids) < maxNodes {
				ids = append(ids, other)
			}
		}
		slices.Sort(ids)
		// If the lock is lost, ctx has ended, and nothing is written.
		return cache.Write(ctx, pool, indexKey.With(index{Written: time.Now().Unix(), IDs: ids}, indexTTL), own)
	}, lock.WithWait(lockWait), lock.WithLabel("list of nodes"))
}

// write writes the record, and the list if that is due.
func (v *view) write(ctx context.Context, pool *cache.Pool, locker *lock.Locker, id string, own cache.Entry) error {
	if !v.index.isDue(id, time.Now()) {
		return cache.Write(ctx, pool, own)
	}
	err := join(ctx, pool, locker, id, own)
	if err != nil {
		err = fmt.Errorf("the list of nodes cannot be written: %w", err)
		// Nodes that know the id from before still find the record.
		return errors.Join(err, cache.Write(ctx, pool, own))
	}
	return nil
}
