package doctor

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// scheduleKeys are mosparo's keys of the cleanup.
var scheduleKeys = []string{string(cleanup.NextCleanup), string(cleanup.AdditionalCleanup), string(cleanup.CleanupStartedAt)}

// keyPrefix is the prefix of the keys of this package: mosparoGoDoctor, with 16
// hexadecimal digits after it. Such an entry has a lifetime of 10 s.
const keyPrefix = "mosparoGoDoctor"

// lockPattern is the pattern of the keys of locks.
const lockPattern = lock.KeyPrefix + "*"

// ownKey returns a key that no other program uses, and that an ACL for the usage allows.
func ownKey(use usage) string {
	if use.cache {
		return keyPrefix + randomHex()
	}
	return lock.KeyPrefix + strings.TrimPrefix(keyPrefix, "mosparoGo") + randomHex()
}

func randomHex() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// randomUUID returns a UUID that is no project's.
func randomUUID() string {
	h := randomHex() + randomHex()
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}
