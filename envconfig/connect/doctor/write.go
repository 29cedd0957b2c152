package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// The lifetimes of what [WithWrites] lets Examine write.
const (
	entryTTL = 10 * time.Second
	lockTTL  = 5 * time.Second
)

// write writes, reads and removes an entry, and takes and releases a lock.
func (e *examination) write(ctx context.Context) (r result) {
	if err := e.tryEntry(ctx); err != nil {
		r.add(Finding{
			Code: "cache_write_failed", Severity: Error, Subject: "cache", What: fmt.Sprintf("an entry could not be written, read or removed: %v", err),
			Consequence: "a node that cleans cannot save the schedule, so it does not clean; no CSS is saved",
			Remedy:      "grant the right to write (see the other findings; mosparoctl doctor acl), or use the master",
		})
	}
	if err := e.tryLock(ctx); err != nil {
		r.add(Finding{
			Code: "lock_failed", Severity: Error, Subject: "locks", What: fmt.Sprintf("a lock could not be taken or released: %v", err),
			Consequence: "a Go node does not clean",
			Remedy:      "grant the right to write (see the other findings; mosparoctl doctor acl), or use the master",
		})
	}
	return r
}

func (e *examination) tryEntry(ctx context.Context) error {
	adapter, err := connect.Cache(e.settings, e.connect...)
	if err != nil {
		return err
	}
	defer adapter.Close()
	key, value := keyPrefix+randomHex(), []byte(`s:2:"ok";`)
	if err := adapter.Set(ctx, cache.Item{Key: key, Value: value, TTL: entryTTL}); err != nil {
		return err
	}
	got, err := adapter.Get(ctx, key)
	if err == nil && !bytes.Equal(got[0], value) {
		err = errors.New("the entry was not there immediately after it was written: reads may go to a replica, or the memory is full")
	}
	return errors.Join(err, adapter.Delete(ctx, key))
}

func (e *examination) tryLock(ctx context.Context) error {
	backend, closer, err := connect.Lock(e.settings, e.connectOptions()...)
	if err != nil {
		return err
	}
	defer closer.Close()
	name, token := "doctor-"+randomHex(), lock.Token(rand.Text()[:22])
	claim := lock.Claim{Token: token, Owner: lock.Owner{Label: "doctor", Since: time.Now()}, Unfenced: true}
	if _, err := backend.Acquire(ctx, name, claim, lockTTL); err != nil {
		return err
	}
	if _, err := backend.Holder(ctx, name); err != nil {
		return err
	}
	return backend.Release(ctx, name, token)
}
