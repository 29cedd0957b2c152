package connect

import (
	"io"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
)

// memcachedLock opens locks on the servers of a DSN, which select one of them for a name
// as they do for a key of the cache. It waits for a reply no longer than gomemcache's
// default of 500 ms: the client does not support contexts, and a lease must be renewed in
// time. The prefix_key of the DSN separates clusters, as in the cache.
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
