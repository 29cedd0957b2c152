package connect

import (
	"io"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
)

// memcachedLock opens locks on the servers of a DSN, which choose one for a
// name as they do for a key of the cache. A reply is waited for no longer than
// gomemcache's own 500 ms: it knows no contexts, and a lease must be renewed in
// time. The DSN's prefix_key keeps clusters apart, as it does in the cache.
func memcachedLock(d *dsn.Memcached, o options) (lock.Backend, io.Closer, error) {
	if o.lockReplicas != nil {
		return nil, nil, errNoReplicas
	}
	o.timeout = shortest(o.timeout, memcache.DefaultTimeout)
	client, _, err := Memcached(d, func(all *options) { *all = o })
	if err != nil {
		return nil, nil, err
	}
	o.logger.Warn("locks on memcached are best effort: it may evict one that is held")
	return memcachedlocker.New(client, memcachedlocker.WithPrefix(d.PrefixKey)), client, nil
}
