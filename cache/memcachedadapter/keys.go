package memcachedadapter

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/mosparo/go-cluster/cache"
)

// maxKey is the longest key in bytes that memcached takes.
const maxKey = 250

// separator ends a namespace and a version, and no PSR-6 key contains it.
const separator = ":"

// naming builds the keys on the server: prefix, namespace, version, key, in this
// order.
type naming struct {
	prefix string
	// namespace ends with the separator unless it is empty.
	namespace string
}

// keyOfVersion returns the key of the namespace version.
func (n naming) keyOfVersion() string { return n.prefix + encode(separator+n.namespace) }

// raw returns the key on the server.
func (n naming) raw(version, key string) (string, error) {
	id := n.prefix + n.namespace + version + key
	if len(id) <= maxKey {
		if isSendable(id) {
			return id, nil
		}
		id = encode(id)
	}
	if len(id) > maxKey || !isSendable(id) {
		// PHP does this for long keys only: its binary protocol can send the
		// control characters that are left, the client library cannot.
		id = encode(n.prefix + n.namespace + version + hash(version, key))
	}
	if len(id) > maxKey || !isSendable(id) {
		return "", &cache.KeyError{Key: key, Reason: fmt.Sprintf("memcached cannot take it after the namespace version %q", version)}
	}
	return id, nil
}

// hash is what Symfony makes of a long key: with a version of its own kind
// 16 characters of base64, then the separator.
func hash(version, key string) string {
	sum := xxh3.HashString128(key).Bytes()
	text := base64.StdEncoding.EncodeToString(sum[:])
	return text[:max(0, len(text)-len(version)-2)] + separator
}

// The bytes that Symfony knows to be impossible in memcached's keys, and what it
// writes for them: bytes that PSR-6 forbids.
const (
	impossible = " \n\r\t\v\f\x00"
	standIn    = `@()\{}/`
)

func encode(id string) string { return translate(id, impossible, standIn) }

func decode(raw string) string { return translate(raw, standIn, impossible) }

func translate(s, from, to string) string {
	b := []byte(s)
	for i, c := range b {
		if at := strings.IndexByte(from, c); at >= 0 {
			b[i] = to[at]
		}
	}
	return string(b)
}

// isSendable reports whether the client library sends the key.
func isSendable(raw string) bool {
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
