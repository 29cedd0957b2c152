package gocachestore

import (
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/cache"
)

// DefaultPrefix is the prefix of the keys of a [Store]. An adapter that
// envconfig/connect has opened clears these entries, too.
const DefaultPrefix = "mosparoGoCache."

// TagPrefix is the prefix of the keys under which the versions of tags are kept; the
// prefix of the store and the tag follow.
const TagPrefix = "mosparoGoCacheTag."

// reserved are the characters that PSR-6 does not allow in a key.
const reserved = `{}()/\@:`

// key is the name of an entry in the adapter. Below a prefix of its own a
// store takes any text: characters that PSR-6 reserves, and %, are written as
// % and two hex digits. Without a prefix, keys are as PHP has them.
func (s *Store) key(key any) (string, error) {
	text, ok := key.(string)
	switch {
	case !ok:
		return "", &TypeError{Got: fmt.Sprintf("%T", key), Want: "string"}
	case text == "":
		return "", &cache.KeyError{Key: text, Reason: "must not be empty"}
	case s.prefix != "":
		text = s.prefix + escape(text)
	case strings.HasPrefix(text, TagPrefix):
		return "", &cache.KeyError{Key: text, Reason: "begins as the versions of tags do"}
	}
	return text, cache.ValidateKey(text)
}

func (s *Store) tagKey(tag string) string { return TagPrefix + s.prefix + escape(tag) }

func escape(text string) string {
	if !strings.ContainsAny(text, reserved+"%") {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c == '%' || strings.IndexByte(reserved, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
