package cachetest

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

func (s *suite) expirer() {
	e, ok := s.a.(cache.Expirer)
	if !ok {
		s.Skip("the adapter is no cache.Expirer")
	}
	hour, none := s.key("hour"), s.key("none")
	s.set(cache.Item{Key: hour, Value: []byte("a"), TTL: time.Hour}, cache.Item{Key: none, Value: []byte("b")})
	s.wantTTL(e, hour, "a", 58*time.Minute, time.Hour+2*s.cfg.resolution)
	s.wantTTL(e, none, "b", 0, 0)
	s.wantTTL(e, s.key("absent"), "", 0, 0)
	s.set(cache.Item{Key: hour, Value: []byte("a")}, cache.Item{Key: none, Value: []byte("b"), TTL: 30 * time.Minute})
	s.wantTTL(e, hour, "a", 0, 0)
	s.wantTTL(e, none, "b", 28*time.Minute, 30*time.Minute+2*s.cfg.resolution)

	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, _, err := e.GetWithTTL(ctx, hour); !errors.Is(err, context.Canceled) {
		s.broken("GetWithTTL with a cancelled context gave %v", err)
	}
	if err := s.a.Close(); err != nil {
		s.broken("Close: %v", err)
	}
	if _, _, err := e.GetWithTTL(s.ctx, hour); !errors.Is(err, cache.ErrClosed) {
		s.broken("GetWithTTL after Close gave %v, want ErrClosed", err)
	}
}

func (s *suite) wantTTL(e cache.Expirer, key, value string, least, most time.Duration) {
	s.Helper()
	v, ttl, err := e.GetWithTTL(s.ctx, key)
	switch {
	case err != nil:
		s.broken("GetWithTTL(%s): %v", brief(key), err)
	case string(v) != value || (value == "") != (v == nil):
		s.broken("GetWithTTL(%s) gave %s, want %s (nil for an absent key)", brief(key), brief(string(v)), brief(value))
	case ttl < least || ttl > most:
		s.broken("GetWithTTL(%s) says that %v are left, want between %v and %v", brief(key), ttl, least, most)
	}
}
