package memcachedadapter

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/php"
)

// versionAge is how old a namespace version may be when it is used; from half
// of it on, one caller reads it anew and the others go on with it.
const versionAge = 2 * time.Second

// defaultVersion is the namespace version that PHP falls back to.
const defaultVersion = "1" + separator

// versions follows the version that all nodes put before their keys.
type versions struct {
	known atomic.Pointer[version]
	// reading is held by the caller that reads the version. It is a channel and
	// no sync.Mutex, since it is held across a request: the others wait within
	// their contexts, and in a testing/synctest bubble a goroutine that waits
	// for a mutex is not durably blocked, so that the bubble would hang.
	reading chan struct{}
}

type version struct {
	text string
	// read is the time before the request.
	read time.Time
}

// version returns the namespace version, not older than versionAge unless the
// server that holds it is down.
func (a *Adapter) version(ctx context.Context) (string, error) {
	v := a.versions.known.Load()
	if v != nil && time.Since(v.read) < versionAge/2 {
		return v.text, nil
	}
	if v != nil && (time.Since(v.read) < versionAge || a.healthOf(a.versionKey).down.Load() != nil) {
		select {
		case a.versions.reading <- struct{}{}:
		default:
			return v.text, nil
		}
	} else {
		select {
		case a.versions.reading <- struct{}{}:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	defer func() { <-a.versions.reading }()
	if now := a.versions.known.Load(); now != v {
		return now.text, nil
	}
	return a.renewVersion(v)
}

// renewVersion reads the version. While its server cannot be read the last
// known one stays in use, so that the keys of other servers stay within reach.
func (a *Adapter) renewVersion(last *version) (string, error) {
	start := time.Now()
	text, err := a.readVersion()
	if err != nil {
		if last == nil {
			return "", fmt.Errorf("namespace version: %w", err)
		}
		text = last.text
	}
	if last != nil && text != last.text {
		a.logger.Info("the namespace version of the cache has changed: earlier entries are not found any more", slog.String("namespace_version", text))
	}
	a.versions.known.Store(&version{text: text, read: start})
	return text, nil
}

// versionAttempts is how often another node may change the version between
// our reading and writing it.
const versionAttempts = 5

// readVersion finds the version, or makes one. Writing it is conditional, so
// that of nodes which find none at the same time all use the same.
func (a *Adapter) readVersion() (string, error) {
	for range versionAttempts {
		item, err := a.getItem(a.versionKey)
		if err != nil {
			return "", err
		}
		made := formatVersion(time.Now().Unix())
		if item == nil {
			err = a.store(&memcache.Item{Key: a.versionKey, Value: versionValue(made)}, (*memcache.Client).Add)
		} else {
			text, perr := parseVersion(item.Value, item.Flags)
			if perr != nil {
				return defaultVersion, nil //nolint:nilerr // PHP goes on with that, too
			}
			if text != defaultVersion {
				return text, nil
			}
			item.Value, item.Flags, item.Expiration = versionValue(made), typeString, 0
			err = a.store(item, (*memcache.Client).CompareAndSwap)
		}
		switch {
		case err == nil:
			return made, nil
		case !errors.Is(err, memcache.ErrNotStored) && !errors.Is(err, memcache.ErrCASConflict) && !errors.Is(err, memcache.ErrCacheMiss):
			return "", err
		}
	}
	return "", fmt.Errorf("%w: other nodes keep changing it", cache.ErrUnavailable)
}

// formatVersion returns a number as Symfony formats a namespace version.
func formatVersion(n int64) string {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	text := []byte(base64.StdEncoding.EncodeToString(b[:])[:5] + separator)
	for i, c := range text {
		if c == '/' {
			text[i] = '_'
		}
	}
	return string(text)
}

// versionValue is a version as it is stored.
func versionValue(text string) []byte {
	return []byte("s:" + strconv.Itoa(len(text)) + ":\"" + text + "\";")
}

// parseVersion reads a stored version: a string, or what PHP turns into one.
func parseVersion(raw []byte, flags uint32) (string, error) {
	b, err := decodeString(raw, flags, maxKey*2)
	if err != nil {
		return "", err
	}
	v, err := php.Decode(b)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	}
	return "", fmt.Errorf("the version is a %T", v)
}
