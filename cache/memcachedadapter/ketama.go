package memcachedadapter

import (
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"
)

// Servers are the memcached servers of a cluster in their order, and say which
// one has a key, as libmemcached does for Symfony: weighted ketama on MD5. It
// is a [memcache.ServerSelector], immutable and safe for concurrent use.
type Servers struct {
	list   []Server
	addrs  []*address
	prefix string
	hash   string
	// points of the continuum in order, and the server of each.
	points []uint32
	owners []uint16
}

var _ memcache.ServerSelector = (*Servers)(nil)

// The distributions and hashes of libmemcached that PHP can use here.
const (
	ketama     = "ketama"
	consistent = "consistent"
	md5Hash    = "md5"
	oneAtATime = "default"
)

// ServersOption changes a default of [NewServers].
type ServersOption func(*serversConfig)

type serversConfig struct {
	distribution string
	hash         string
	prefix       string
}

// WithDistribution selects how keys are distributed over servers, by
// libmemcached's names: "ketama" is weighted ketama, Symfony's default;
// "consistent" is ketama without weights (libketama_compatible=0 and
// distribution=consistent). A weight above 1 makes that weighted, too, as it
// does in libmemcached; the hash of the keys stays.
func WithDistribution(name string) ServersOption {
	return func(c *serversConfig) { c.distribution = name }
}

// WithHash selects the hash function for keys, by libmemcached's names: "md5" is
// Symfony's default; "default" is Jenkins' one-at-a-time as x86 machines compute
// it. Machines whose C has unsigned chars (Linux on ARM) choose other servers
// for keys with bytes above 0x7f.
func WithHash(name string) ServersOption {
	return func(c *serversConfig) { c.hash = name }
}

// WithKeyPrefix puts a text before every key on the server (libmemcached's
// prefix_key). It takes no part in the choice of a server.
func WithKeyPrefix(prefix string) ServersOption {
	return func(c *serversConfig) { c.prefix = prefix }
}

const (
	maxServers = math.MaxUint16
	maxPrefix  = 128 // libmemcached's

	ketamaPoints     = 160
	consistentPoints = 100
)

// NewServers returns the servers in the given order. Errors: none or too many
// servers, an empty host, a port or weight out of range, a prefix that no key
// can have; a distribution or hash that is not one of those named at
// [WithDistribution] and [WithHash] unwraps to [errors.ErrUnsupported]. A nil option
// panics.
func NewServers(list []Server, opts ...ServersOption) (*Servers, error) {
	c := serversConfig{distribution: ketama, hash: md5Hash}
	for _, o := range opts {
		if o == nil {
			panic("memcachedadapter: NewServers: opts has a nil ServersOption")
		}
		o(&c)
	}
	if err := c.check(list); err != nil {
		return nil, fmt.Errorf("memcachedadapter: %w", err)
	}
	s := &Servers{list: slices.Clone(list), prefix: c.prefix, hash: c.hash}
	for _, one := range list {
		s.addrs = append(s.addrs, one.address())
	}
	if len(list) > 1 {
		s.build(c.distribution)
	}
	return s, nil
}

func (c *serversConfig) check(list []Server) error {
	switch {
	case len(list) == 0:
		return errors.New("no servers")
	case len(list) > maxServers:
		return fmt.Errorf("%d servers are too many", len(list))
	case len(c.prefix) > maxPrefix || !isSendable(c.prefix):
		return errors.New("the prefix of the keys is too long or contains white space or control characters")
	case c.distribution != ketama && c.distribution != consistent:
		return fmt.Errorf("distribution %q: %w", c.distribution, errors.ErrUnsupported)
	case c.hash != md5Hash && c.hash != oneAtATime:
		return fmt.Errorf("hash %q: %w", c.hash, errors.ErrUnsupported)
	}
	for i, s := range list {
		if s.Host == "" || s.Port < 0 || s.Port > math.MaxUint16 || s.Weight < 0 || s.Weight > math.MaxInt32 {
			return fmt.Errorf("server %d: empty host, or port or weight out of range", i+1)
		}
	}
	return nil
}

type point struct {
	value uint32
	owner uint16
}

// build makes the continuum. Its arithmetic is single precision, as
// libmemcached's is.
func (s *Servers) build(d string) {
	var points []point
	total := uint64(0)
	for _, one := range s.list {
		total += uint64(max(one.Weight, 1))
	}
	weighted := d == ketama || total > uint64(len(s.list))
	for owner, one := range s.list {
		if !weighted {
			for i := range consistentPoints {
				points = append(points, point{s.digest(one.label(i)), uint16(owner)})
			}
			continue
		}
		share := float32(max(one.Weight, 1)) / float32(total)
		n := int(math.Floor(float64(float32(float64(share*ketamaPoints/4*float32(len(s.list))) + 0.0000000001))))
		for i := range n {
			sum := md5.Sum([]byte(one.label(i)))
			for part := range 4 {
				points = append(points, point{binary.LittleEndian.Uint32(sum[4*part:]), uint16(owner)})
			}
		}
	}
	slices.SortStableFunc(points, func(a, b point) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	for _, p := range points {
		s.points = append(s.points, p.value)
		s.owners = append(s.owners, p.owner)
	}
}

// digest is the hash of a key without its prefix.
func (s *Servers) digest(key string) uint32 {
	if s.hash == oneAtATime {
		return hashOneAtATime(key)
	}
	var short [maxKey]byte
	var sum [md5.Size]byte
	if len(key) <= len(short) {
		sum = md5.Sum(short[:copy(short[:], key)])
	} else {
		sum = md5.Sum([]byte(key))
	}
	return binary.LittleEndian.Uint32(sum[:])
}

// hashOneAtATime adds each byte as C's char, which has a sign where PHP runs on
// x86: from 0x80 on that makes another hash.
func hashOneAtATime(key string) uint32 {
	var h uint32
	for i := range len(key) {
		h += uint32(int8(key[i]))
		h += h << 10
		h ^= h >> 6
	}
	h += h << 3
	h ^= h >> 11
	return h + h<<15
}

// index of the server of a raw key.
func (s *Servers) index(raw string) int {
	if len(s.points) == 0 {
		return 0
	}
	h := s.digest(strings.TrimPrefix(raw, s.prefix))
	low, high := 0, len(s.points)
	for low < high {
		if middle := int(uint(low+high) >> 1); s.points[middle] < h {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == len(s.points) {
		low = 0
	}
	return int(s.owners[low])
}

// List returns the servers in their order.
func (s *Servers) List() []Server { return slices.Clone(s.list) }

// ServerOf returns the server of a key as it stands on the server; see
// [Adapter.RawKey].
func (s *Servers) ServerOf(raw string) Server { return s.list[s.index(raw)] }

// PickServer implements [memcache.ServerSelector]. It allocates nothing and
// never fails.
func (s *Servers) PickServer(raw string) (net.Addr, error) { return s.addrs[s.index(raw)], nil }

// Each implements [memcache.ServerSelector].
func (s *Servers) Each(do func(net.Addr) error) error {
	for _, a := range s.addrs {
		if err := do(a); err != nil {
			return err
		}
	}
	return nil
}
