package cachetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

func (s *suite) cancelled() {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	s.refuses(ctx, context.Canceled)
}

func (s *suite) deadline() {
	ctx, cancel := context.WithDeadline(s.ctx, time.Now().Add(-time.Second))
	defer cancel()
	s.refuses(ctx, context.DeadlineExceeded)
}

// refuses checks that calls with a context that has ended fail with its error
// and do nothing.
func (s *suite) refuses(ctx context.Context, want error) {
	s.Helper()
	k, other := s.key("there"), s.key("not there")
	s.set(cache.Item{Key: k, Value: []byte("before")})
	if _, err := s.a.Get(ctx, k); !errors.Is(err, want) {
		s.broken("Get with an ended context gave %v, want %v", err, want)
	}
	if err := s.a.Set(ctx, cache.Item{Key: other, Value: []byte("x")}, cache.Item{Key: k, Value: []byte("after")}); !errors.Is(err, want) {
		s.broken("Set with an ended context gave %v, want %v", err, want)
	}
	if err := s.a.Delete(ctx, k); !errors.Is(err, want) {
		s.broken("Delete with an ended context gave %v, want %v", err, want)
	}
	s.want(k, "before")
	s.want(other, "")
}

// opErrors checks the errors of a context that has ended, of refused items and
// of an adapter that is closed.
func (s *suite) opErrors() {
	k := s.key("failing")
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, err := s.a.Get(ctx, k)
	s.opError("Get with an ended context", err, k)
	s.opError("Set with an ended context", s.a.Set(ctx, cache.Item{Key: k, Value: []byte("x")}), k)
	s.opError("Delete with an ended context", s.a.Delete(ctx, k), k)
	s.opError("Set with a negative lifetime", s.a.Set(s.ctx, cache.Item{Key: k, Value: []byte("x"), TTL: -1}), k)
	if l, ok := s.a.(cache.Limiter); ok && l.MaxValueSize() > 0 {
		s.opError("Set of a value above MaxValueSize", s.a.Set(s.ctx, cache.Item{Key: k, Value: make([]byte, l.MaxValueSize()+1)}), k)
	}
	if err := s.a.Close(); err != nil {
		s.broken("Close: %v", err)
	}
	_, err = s.a.Get(s.ctx, k)
	s.opError("Get after Close", err, k)
	s.opError("Set after Close", s.a.Set(s.ctx, cache.Item{Key: k, Value: []byte("x")}), k)
	s.opError("Delete after Close", s.a.Delete(s.ctx, k), k)
	s.opErrorsOfAbilities()
}

// opErrorsOfAbilities asks an adapter that is closed.
func (s *suite) opErrorsOfAbilities() {
	if p, ok := s.a.(cache.Pinger); ok {
		s.opError("Ping after Close", p.Ping(s.ctx))
	}
	if l, ok := s.a.(cache.Lister); ok {
		for _, err := range l.List(s.ctx, s.prefix) {
			s.opError("List after Close", err)
		}
	}
	if p, ok := s.a.(cache.Pruner); ok {
		_, err := p.Prune(s.ctx)
		s.opError("Prune after Close", err)
	}
	if c, ok := s.a.(cache.Clearer); ok {
		_, err := c.Clear(s.ctx)
		s.opError("Clear after Close", err)
	}
	if e, ok := s.a.(cache.Expirer); ok {
		_, _, err := e.GetWithTTL(s.ctx, s.prefix)
		s.opError("GetWithTTL after Close", err, s.prefix)
	}
}

// opError checks that an error is a [*cache.OpError] that names the keys.
func (s *suite) opError(when string, err error, keys ...string) {
	s.Helper()
	var op *cache.OpError
	if !errors.As(err, &op) {
		s.broken("%s gave %v, which is no *cache.OpError", when, err)
	}
	if len(keys) > 0 && !slices.Equal(op.Keys, keys) {
		s.broken("%s gave an *OpError for the keys %q, want %q", when, op.Keys, keys)
	}
}

func (s *suite) concurrent() {
	const workers = 8
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	keys := s.keys(4)
	var wg sync.WaitGroup
	failures := make(chan string, workers)
	for w := range workers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 7))
			for range rounds {
				if failure := s.oneStep(rnd, keys); failure != "" {
					failures <- failure
					return
				}
			}
		})
	}
	wg.Wait()
	close(failures)
	for f := range failures {
		s.broken("%s", f)
	}
}

// oneStep is a random request; every value carries its own checksum.
func (s *suite) oneStep(rnd *rand.Rand, keys []string) string {
	a, b := keys[rnd.IntN(len(keys))], keys[rnd.IntN(len(keys))]
	switch rnd.IntN(6) {
	case 0:
		if err := s.a.Delete(s.ctx, a); err != nil {
			return fmt.Sprintf("Delete: %v", err)
		}
	case 1, 2:
		if err := s.a.Set(s.ctx, cache.Item{Key: a, Value: seal(rnd)}, cache.Item{Key: b, Value: seal(rnd), TTL: time.Hour}); err != nil {
			return fmt.Sprintf("Set: %v", err)
		}
	default:
		values, err := s.a.Get(s.ctx, a, b)
		if err != nil {
			return fmt.Sprintf("Get: %v", err)
		}
		for _, v := range values {
			if v != nil && !isIntact(v) {
				return fmt.Sprintf("Get gave a value that was never written: %s", brief(string(v)))
			}
		}
	}
	return ""
}

func seal(rnd *rand.Rand) []byte {
	body := bytes.Repeat([]byte{byte(rnd.Uint32())}, rnd.IntN(20_000))
	return fmt.Appendf(body, "%08x", crc32.ChecksumIEEE(body))
}

func isIntact(v []byte) bool {
	if len(v) < 8 {
		return false
	}
	body := v[:len(v)-8]
	return string(v[len(v)-8:]) == fmt.Sprintf("%08x", crc32.ChecksumIEEE(body))
}

func (s *suite) closing() {
	k := s.key("closed")
	s.set(cache.Item{Key: k, Value: []byte("value")})
	if err := s.a.Delete(s.ctx, k); err != nil {
		s.broken("Delete: %v", err)
	}
	for i := range 2 {
		if err := s.a.Close(); err != nil {
			s.broken("Close, call %d: %v", i+1, err)
		}
	}
	if _, err := s.a.Get(s.ctx, k); !errors.Is(err, cache.ErrClosed) {
		s.broken("Get after Close gave %v, want ErrClosed", err)
	}
	if err := s.a.Set(s.ctx, cache.Item{Key: k, Value: []byte("value")}); !errors.Is(err, cache.ErrClosed) {
		s.broken("Set after Close gave %v, want ErrClosed", err)
	}
	if err := s.a.Delete(s.ctx, k); !errors.Is(err, cache.ErrClosed) {
		s.broken("Delete after Close gave %v, want ErrClosed", err)
	}
}
