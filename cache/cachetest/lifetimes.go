package cachetest

import (
	"errors"
	"math"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// slack is granted for a slow machine.
const slack = 2 * time.Second

func (s *suite) overwrite() {
	k, fading := s.key("lasting"), s.key("fading")
	s.set(cache.Item{Key: k, Value: []byte("one"), TTL: s.cfg.resolution}, cache.Item{Key: fading, Value: []byte("one")})
	s.set(cache.Item{Key: k, Value: []byte("two")}, cache.Item{Key: fading, Value: []byte("two"), TTL: s.cfg.resolution})
	s.want(k, "two")
	s.gone(fading, s.cfg.resolution)
	s.want(k, "two")
}

func (s *suite) lifetimes() {
	short, long, none, month := s.key("short"), s.key("long"), s.key("none"), s.key("month")
	// A lifetime above 30 days is an absolute time to memcached.
	start := time.Now()
	s.set(
		cache.Item{Key: short, Value: []byte("a"), TTL: 2 * s.cfg.resolution},
		cache.Item{Key: long, Value: []byte("b"), TTL: time.Hour},
		cache.Item{Key: none, Value: []byte("c")},
		cache.Item{Key: month, Value: []byte("d"), TTL: 31 * 24 * time.Hour},
	)
	if v := s.get(short)[0]; string(v) != "a" && (v != nil || time.Since(start) < s.cfg.resolution) {
		s.broken("an entry with a lifetime of %v holds %s after %v, want %s", 2*s.cfg.resolution, brief(string(v)), time.Since(start), brief("a"))
	}
	s.gone(short, 2*s.cfg.resolution)
	s.want(long, "b")
	s.want(none, "c")
	s.want(month, "d")
}

func (s *suite) shortLifetime() {
	k := s.key("short")
	s.set(cache.Item{Key: k, Value: []byte("value"), TTL: time.Nanosecond})
	s.gone(k, s.cfg.resolution)

	// One and a half steps are two, less one that a coarse clock may take.
	start := time.Now()
	s.set(cache.Item{Key: k, Value: []byte("value"), TTL: s.cfg.resolution + s.cfg.resolution/2})
	if v := s.get(k)[0]; v == nil && time.Since(start) < s.cfg.resolution {
		s.broken("an entry with a lifetime of %v is gone after %v", s.cfg.resolution+s.cfg.resolution/2, time.Since(start))
	}
}

// gone waits until the key has expired, and fails when it outlives ttl by
// more than two steps of the backend's clock.
func (s *suite) gone(key string, ttl time.Duration) {
	s.Helper()
	start := time.Now()
	limit := ttl + 2*s.cfg.resolution + slack
	for {
		after := time.Since(start) // before asking, which may take long
		if s.get(key)[0] == nil {
			return
		}
		if after > limit {
			s.broken("an entry with a lifetime of %v is still there after %v", ttl, after.Round(time.Millisecond))
		}
		time.Sleep(min(20*time.Millisecond, s.cfg.resolution/4+1))
	}
}

func (s *suite) negativeLifetime() {
	k, other := s.key("negative"), s.key("other")
	for _, ttl := range []time.Duration{-1, -time.Hour, math.MinInt64} {
		s.set(cache.Item{Key: k, Value: []byte("before")})
		err := s.a.Set(s.ctx, cache.Item{Key: other, Value: []byte("x")}, cache.Item{Key: k, Value: []byte("value"), TTL: ttl})
		if !errors.Is(err, cache.ErrInvalidTTL) {
			s.broken("Set with a lifetime of %v gave %v, want ErrInvalidTTL", ttl, err)
		}
		s.want(k, "before")
		s.want(other, "") // nothing of a refused request is written
	}
}
