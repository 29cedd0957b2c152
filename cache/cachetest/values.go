package cachetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

func (s *suite) roundTrip() {
	k := s.key("plain")
	s.set(cache.Item{Key: k, Value: []byte("value")})
	s.want(k, "value")
}

func (s *suite) absent() {
	s.want(s.key("absent"), "")
}

func (s *suite) positions() {
	keys := s.keys(7)
	var items []cache.Item
	for i := 0; i < len(keys); i += 2 {
		items = append(items, cache.Item{Key: keys[i], Value: []byte("value " + strconv.Itoa(i))})
	}
	s.set(items...)
	order := []int{6, 1, 0, 5, 2, 3, 4}
	ask := make([]string, len(order))
	for at, i := range order {
		ask[at] = keys[i]
	}
	for at, v := range s.get(ask...) {
		want := ""
		if i := order[at]; i%2 == 0 {
			want = "value " + strconv.Itoa(i)
		}
		if string(v) != want || (want == "") != (v == nil) {
			s.broken("position %d of Get holds %s, want %s (nil for an absent key)", at, brief(string(v)), brief(want))
		}
	}
}

func (s *suite) repeatedKeys() {
	k, other := s.key("twice"), s.key("other")
	s.set(cache.Item{Key: k, Value: []byte("value")})
	v := s.get(k, other, k)
	if string(v[0]) != "value" || v[1] != nil || string(v[2]) != "value" {
		s.broken("Get(k, absent, k) gave %q", v)
	}
	v[0][0] = 'X'
	if string(v[2]) != "value" {
		s.broken("the two answers for one key share their bytes: the caller owns both and may change one")
	}
}

func (s *suite) noKeys() {
	if v, err := s.a.Get(s.ctx); err != nil || v == nil || len(v) != 0 {
		s.broken("Get without keys gave %v, %v, want an empty slice", v, err)
	}
	if err := s.a.Set(s.ctx); err != nil {
		s.broken("Set without items: %v", err)
	}
	if err := s.a.Delete(s.ctx); err != nil {
		s.broken("Delete without keys: %v", err)
	}
}

func (s *suite) oddKeys() {
	var keys []string
	for c := range 256 {
		if !strings.ContainsRune(`{}()/\@:`, rune(c)) {
			keys = append(keys, s.key(string([]byte{byte(c), 'b'})), s.key(string([]byte{byte(c)})))
		}
	}
	for _, name := range []string{" leading", "trailing ", "a  b", "\r\n", "Grüezi", "日本語", "\xff\xfe", "\x00", "\x00\x00", "%41", "%", "+", "*", "?", "[a]", "^", "~", "..", "-", "A", "a", "0", "1e3"} {
		keys = append(keys, s.key("odd"+name), s.key(name+"odd"))
	}
	s.manyKeys(keys)

	// The shortest ones stand without our prefix.
	var short []string
	for c := range 256 {
		if k := string([]byte{byte(c)}); cache.ValidateKey(k) == nil {
			short = append(short, k)
		}
	}
	if err := s.a.Delete(s.ctx, short...); err != nil {
		s.broken("Delete of one-byte keys: %v", err)
	}
	s.manyKeys(short)
	if err := s.a.Delete(s.ctx, short...); err != nil {
		s.broken("Delete of one-byte keys: %v", err)
	}
}

func (s *suite) longKeys() {
	var keys []string
	for n := len(s.prefix) + 1; n <= s.cfg.maxKey; n++ {
		// What hashes long keys does so near a power of two, or near 250.
		if n > 260 && n != s.cfg.maxKey || n < 240 && (n+1)%16 > 2 {
			continue
		}
		fill := strings.Repeat("x", n-len(s.prefix)-1)
		keys = append(keys, s.key(fill+"a"), s.key(fill+"b"))
	}
	s.manyKeys(keys)
}

// manyKeys writes an entry for each of the keys, reads all back, and deletes
// all.
func (s *suite) manyKeys(keys []string) {
	s.Helper()
	seen := map[string]bool{}
	var items []cache.Item
	for i, k := range keys {
		if !seen[k] {
			seen[k] = true
			items = append(items, cache.Item{Key: k, Value: []byte("value " + strconv.Itoa(i))})
		}
	}
	unique := adapterkit.Keys(items)
	s.set(items...)
	for i, v := range s.get(unique...) {
		if !bytes.Equal(v, items[i].Value) {
			s.broken("the entry of key %s (%d bytes) holds %s, want %s", brief(items[i].Key), len(items[i].Key), brief(string(v)), brief(string(items[i].Value)))
		}
	}
	for _, it := range items[:min(len(items), 16)] {
		s.want(it.Key, string(it.Value)) // asked for alone it is the same
	}
	if err := s.a.Delete(s.ctx, unique...); err != nil {
		s.broken("Delete of %d keys: %v", len(unique), err)
	}
	for i, v := range s.get(unique...) {
		if v != nil {
			s.broken("key %s is there after Delete", brief(unique[i]))
		}
	}
}

func (s *suite) oddValues() {
	k := s.key("binary")
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, v := range []string{
		"\x00", "\n", "\r\n", " ", "0", "false", "a:0:{}", "\x00\x00\x00\x02\x00", string(all), "END\r\n", "\xff\xff", "\r\nVALUE x 0 1\r\n",
		strings.Repeat("\x00", 3000), strings.Repeat("abc", 1000),
	} {
		s.set(cache.Item{Key: k, Value: []byte(v)})
		s.want(k, v)
	}
}

func (s *suite) largeValues() {
	limit := s.cfg.maxValue
	if l, ok := s.a.(cache.Limiter); ok && l.MaxValueSize() > 0 {
		limit = min(limit, l.MaxValueSize())
	}
	rnd := rand.NewChaCha8([32]byte{1})
	keys := s.keys(8)
	var items []cache.Item
	for i, size := range []int{1, 1999, 2000, 2001, 65_535, 65_536, limit / 2, limit} {
		v := make([]byte, min(size, limit))
		_, _ = rnd.Read(v) // never fails
		if i%2 == 1 {      // half of it compresses
			clear(v[len(v)/2:])
			v[len(v)-1] = 1
		}
		items = append(items, cache.Item{Key: keys[i], Value: v})
		s.set(items[i])
		s.want(keys[i], string(v))
	}
	for i, v := range s.get(keys...) {
		if !bytes.Equal(v, items[i].Value) {
			s.broken("a value of %d bytes came back with %d bytes, or changed", len(items[i].Value), len(v))
		}
	}
}

func (s *suite) emptyValue() {
	nilKey, emptyKey, full := s.key("nil"), s.key("empty"), s.key("full")
	s.set(cache.Item{Key: nilKey, Value: []byte("before")}, cache.Item{Key: emptyKey, Value: []byte("before")}, cache.Item{Key: full, Value: []byte("x")})
	s.set(cache.Item{Key: nilKey}, cache.Item{Key: emptyKey, Value: []byte{}})
	s.want(nilKey, "")
	s.want(emptyKey, "")
	v := s.get(nilKey, full, emptyKey)
	if v[0] != nil || string(v[1]) != "x" || v[2] != nil {
		s.broken("Get(empty, full, empty) gave %q, want nil for the empty ones", v)
	}
}

func (s *suite) repeatedItems() {
	k := s.key("repeated")
	s.set(cache.Item{Key: k, Value: []byte("first")}, cache.Item{Key: k, Value: []byte("second")}, cache.Item{Key: k, Value: []byte("third")})
	s.want(k, "third")
}

func (s *suite) tooLarge() {
	l, ok := s.a.(cache.Limiter)
	if !ok || l.MaxValueSize() == 0 {
		s.Skip("the adapter names no limit")
	}
	k, other := s.key("large"), s.key("other")
	s.set(cache.Item{Key: k, Value: []byte("before")})
	err := s.a.Set(s.ctx, cache.Item{Key: other, Value: []byte("x")}, cache.Item{Key: k, Value: make([]byte, l.MaxValueSize()+1)})
	if !errors.Is(err, cache.ErrTooLarge) {
		s.broken("Set of a value above MaxValueSize gave %v, want ErrTooLarge", err)
	}
	s.want(k, "before")
	s.want(other, "") // nothing of a refused request is written
}

func (s *suite) remove() {
	k, other := s.key("deleted"), s.key("kept")
	s.set(cache.Item{Key: k, Value: []byte("value")}, cache.Item{Key: other, Value: []byte("value")})
	for range 2 { // the second time it is absent
		if err := s.a.Delete(s.ctx, k, s.key("never there")); err != nil {
			s.broken("Delete: %v", err)
		}
	}
	s.want(k, "")
	s.want(other, "value")
}

func (s *suite) ownership() {
	k := s.key("owned")
	given := []byte("value")
	s.set(cache.Item{Key: k, Value: given})
	given[0] = 'X'
	s.want(k, "value")
	got := s.get(k)[0]
	got[0] = 'X'
	got = append(got[:1], "other"...) // also into its spare capacity
	_ = got
	s.want(k, "value")
}
