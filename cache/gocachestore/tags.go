package gocachestore

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// Limits of tags.
const (
	// MaxTags is how many tags one entry may have.
	MaxTags = 64
	// MaxTagLength is the length of a tag in bytes.
	MaxTagLength = 200
	// DefaultTagsTTL is how long the version of a tag lives, from when the tag
	// was first used, and the longest lifetime of a tagged entry: 30 days, as
	// long as gocache's own stores keep their lists.
	DefaultTagsTTL = 30 * 24 * time.Hour
)

// A tagged entry is the magic, the number of tags, for each its length, its
// name and its version, then the value. Lengths are varints. Neither PHP's
// serialize() nor igbinary begins like this.
const (
	magic         = "\x00MGT\x01"
	versionLength = 16
)

// stamp is a tag at one version.
type stamp struct {
	tag     string
	version []byte
}

// checkTags returns the tags without repetitions.
func checkTags(tags []string) ([]string, error) {
	unique := slices.Clone(tags)
	slices.Sort(unique)
	unique = slices.Compact(unique)
	if len(unique) > MaxTags {
		return nil, &TagError{fmt.Sprintf("%d tags, at most %d are possible", len(unique), MaxTags)}
	}
	for _, t := range unique {
		if t == "" || len(t) > MaxTagLength {
			return nil, &TagError{fmt.Sprintf("a tag has %d bytes, not 1 to %d", len(t), MaxTagLength)}
		}
	}
	return unique, nil
}

// wrap puts the stamps before a value.
func wrap(stamps []stamp, value []byte) []byte {
	b := append(make([]byte, 0, len(magic)+len(stamps)*64+len(value)), magic...)
	b = binary.AppendUvarint(b, uint64(len(stamps)))
	for _, s := range stamps {
		b = binary.AppendUvarint(b, uint64(len(s.tag)))
		b = append(append(b, s.tag...), s.version...)
	}
	return append(b, value...)
}

var errDamaged = errors.New("damaged tags")

// unwrap takes a stored entry apart; one without the magic has no tags.
func unwrap(raw []byte) (stamps []stamp, value []byte, err error) {
	rest, tagged := bytes.CutPrefix(raw, []byte(magic))
	if !tagged {
		return nil, raw, nil
	}
	count, rest, ok := cutNumber(rest, MaxTags)
	if !ok {
		return nil, nil, errDamaged
	}
	for range count {
		var n int
		if n, rest, ok = cutNumber(rest, MaxTagLength); !ok || n == 0 || len(rest) < n+versionLength {
			return nil, nil, errDamaged
		}
		stamps = append(stamps, stamp{string(rest[:n]), rest[n : n+versionLength]})
		rest = rest[n+versionLength:]
	}
	return stamps, rest, nil
}

func cutNumber(b []byte, limit uint64) (int, []byte, bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 || n > limit {
		return 0, nil, false
	}
	return int(n), b[width:], true
}

// stampAll reads the versions of tags, and makes those that are missing: items
// that have to be stored together with the entry. A version is never stored
// again, since it may have been deleted meanwhile: who deletes it invalidates.
func (s *Store) stampAll(ctx context.Context, tags []string, ttl time.Duration) ([]stamp, []cache.Item, error) {
	versions, err := s.adapter.Get(ctx, s.tagKeys(tags)...)
	if err != nil {
		return nil, nil, err
	}
	stamps := make([]stamp, len(tags))
	var fresh []cache.Item
	for i, t := range tags {
		v := versions[i]
		if len(v) != versionLength {
			v = make([]byte, versionLength)
			rand.Read(v) // never fails
			fresh = append(fresh, cache.Item{Key: s.tagKey(t), Value: v, TTL: ttl})
		}
		stamps[i] = stamp{t, v}
	}
	return stamps, fresh, nil
}

// valid reports whether all tags still are at their versions.
func (s *Store) valid(ctx context.Context, stamps []stamp) (bool, error) {
	if len(stamps) == 0 {
		return true, nil
	}
	tags := make([]string, len(stamps))
	for i, st := range stamps {
		tags[i] = st.tag
	}
	versions, err := s.adapter.Get(ctx, s.tagKeys(tags)...)
	if err != nil {
		return false, err
	}
	for i, st := range stamps {
		if !bytes.Equal(versions[i], st.version) {
			return false, nil
		}
	}
	return true, nil
}

func (s *Store) tagKeys(tags []string) []string {
	keys := make([]string, len(tags))
	for i, t := range tags {
		keys[i] = s.tagKey(t)
	}
	return keys
}
