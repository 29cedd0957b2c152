package gocachestore_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/eko/gocache/lib/v4/store"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

// What a store costs above its adapter.
func BenchmarkGet(b *testing.B) {
	ctx := context.Background()
	a := memoryadapter.New()
	s := gocachestore.New(a)
	value := bytes.Repeat([]byte("css;"), 250)
	if err := errors.Join(s.Set(ctx, "plain", value), s.Set(ctx, "tagged", value, store.WithTags([]string{"t"}))); err != nil {
		b.Fatal(err)
	}
	b.Run("Adapter", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := a.Get(ctx, gocachestore.DefaultPrefix+"plain"); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, key := range []string{"plain", "tagged"} {
		b.Run("Store/"+key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Get(ctx, key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Whatever stands in the cache, a read gives a value, a miss or an error that
// names it.
func FuzzGet(f *testing.F) {
	for _, seed := range []string{"value", "\x00MGT\x01", "\x00MGT\x01\x00v", "\x00MGT\x01\x01\x01t0123456789abcdefv", "\x00MGT\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := memoryadapter.New()
		s := gocachestore.New(a)
		if err := a.Set(t.Context(), cache.Item{Key: gocachestore.DefaultPrefix + "k", Value: raw}); err != nil {
			t.Fatal(err)
		}
		v, err := s.Get(t.Context(), "k")
		var damaged *cache.DecodeError
		switch {
		case err == nil && !bytes.HasSuffix(raw, v.([]byte)):
			t.Fatalf("%q gave %q", raw, v)
		case err != nil && !errors.Is(err, &store.NotFound{}) && !errors.As(err, &damaged):
			t.Fatal(err)
		}
		// A value of any form comes back as it was.
		if len(raw) == 0 {
			return
		}
		if err := s.Set(t.Context(), "k", raw); err != nil {
			t.Fatal(err)
		}
		if v, err = s.Get(t.Context(), "k"); err != nil || !bytes.Equal(v.([]byte), raw) {
			t.Fatalf("%q came back as %q, %v", raw, v, err)
		}
	})
}
