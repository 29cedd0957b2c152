package connect

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
)

type memcachedBackend struct {
	*memcachedlocker.Backend
	io.Closer
}

// memcachedLock opens locks on the servers of a DSN. A reply is waited for no
// longer than gomemcache's own 500 ms: it knows no contexts, and a lease must
// be renewed in time. The DSN's prefix_key keeps clusters apart, as it does in
// the cache.
func memcachedLock(d *envconfig.MemcachedDSN, o options) (LockBackend, error) {
	if err := d.Supported(); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	client := memcache.NewFromSelector(newLockServers(d.Servers))
	client.Timeout = shortest(o.timeout, memcache.DefaultTimeout)
	client.DialContext = newDialer(client.Timeout, 0).dial
	o.logger.Warn("locks on memcached are best effort: it may evict one that is held")
	return memcachedBackend{memcachedlocker.New(client, memcachedlocker.WithPrefix(d.PrefixKey)), client}, nil
}

// lockServers chooses the server of a key by rendezvous hashing: the same on
// every node that names the same servers, in whatever order, and another one
// only for the keys of a server that was taken out.
type lockServers []net.Addr

// lockServer is resolved when it is connected to.
type lockServer struct{ network, address string }

// Network implements [net.Addr].
func (s lockServer) Network() string { return s.network }

// String implements [net.Addr].
func (s lockServer) String() string { return s.address }

func newLockServers(hosts []envconfig.Host) lockServers {
	s := make(lockServers, len(hosts))
	for i, h := range hosts {
		network, address := h.Network()
		s[i] = lockServer{network, address}
	}
	return s
}

// PickServer implements [memcache.ServerSelector].
func (s lockServers) PickServer(key string) (net.Addr, error) {
	var best net.Addr
	var most uint64
	for _, server := range s {
		sum := sha256.Sum256([]byte(server.String() + "\x00" + key))
		if n := binary.BigEndian.Uint64(sum[:]); best == nil || n > most {
			best, most = server, n
		}
	}
	if best == nil {
		return nil, memcache.ErrNoServers
	}
	return best, nil
}

// Each implements [memcache.ServerSelector].
func (s lockServers) Each(f func(net.Addr) error) error {
	for _, server := range s {
		if err := f(server); err != nil {
			return err
		}
	}
	return nil
}
