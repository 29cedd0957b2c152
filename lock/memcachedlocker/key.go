package memcachedlocker

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

func (b *Backend) lockKey(name string) string { return b.key("-", name) }

func (b *Backend) fenceKey(name string) string { return b.key("Fence-", name) }

// longestKey is memcached's limit in bytes.
const longestKey = 250

// key has no byte that memcached refuses, and a hash in place of what makes it too
// long. A tilde is in no encoded name.
func (b *Backend) key(kind, name string) string {
	key := b.prefix + lock.KeyPrefix + kind + names.Encode(name)
	if len(key) <= longestKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return lock.KeyPrefix + kind + "~" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:52])
}

// longest is the most seconds that memcached takes for a duration.
const longest = 30 * 24 * 60 * 60

// early is by how many seconds memcached may let an item die too soon: its clock
// has whole seconds, so that the first may be over as soon as it has begun, and
// a tick that comes late moves it by two.
const early = 2

// lifetime is how many seconds an item is kept for a lease.
func lifetime(ttl time.Duration) (int32, error) {
	seconds := (ttl-1)/time.Second + 1 + early
	if ttl <= 0 || seconds > longest {
		return 0, &lock.ArgumentError{Arg: "TTL", Reason: fmt.Sprintf("of %v is not one that memcached can keep, which are up to %v", ttl, (longest-early)*time.Second)}
	}
	return int32(seconds), nil
}
