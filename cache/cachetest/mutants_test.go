package cachetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

// mutant is a memory adapter of which some methods break a rule.
type mutant struct {
	*memoryadapter.Adapter
	get   func(ctx context.Context, keys []string) ([][]byte, error)
	set   func(ctx context.Context, items []cache.Item) error
	del   func(ctx context.Context, keys []string) error
	ttl   func(value []byte, left time.Duration) time.Duration
	list  func(keys iter.Seq2[string, error]) iter.Seq2[string, error]
	close func() error
	ping  func() error
	clear func(ctx context.Context) (int, error)
	prune func(ctx context.Context) (int, error)
}

func (m *mutant) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	if m.get == nil {
		return m.Adapter.Get(ctx, keys...)
	}
	return m.get(ctx, keys)
}

func (m *mutant) Set(ctx context.Context, items ...cache.Item) error {
	if m.set == nil {
		return m.Adapter.Set(ctx, items...)
	}
	return m.set(ctx, items)
}

func (m *mutant) Delete(ctx context.Context, keys ...string) error {
	if m.del == nil {
		return m.Adapter.Delete(ctx, keys...)
	}
	return m.del(ctx, keys)
}

func (m *mutant) GetWithTTL(ctx context.Context, key string) ([]byte, time.Duration, error) {
	v, left, err := m.Adapter.GetWithTTL(ctx, key)
	if m.ttl != nil && err == nil {
		left = m.ttl(v, left)
	}
	return v, left, err
}

func (m *mutant) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	keys := m.Adapter.List(ctx, prefix)
	if m.list == nil {
		return keys
	}
	return m.list(keys)
}

func (m *mutant) Close() error {
	if m.close == nil {
		return m.Adapter.Close()
	}
	return m.close()
}

func (m *mutant) Ping(ctx context.Context) error {
	if m.ping == nil {
		return m.Adapter.Ping(ctx)
	}
	return m.ping()
}

func (m *mutant) Clear(ctx context.Context) (int, error) {
	if m.clear == nil {
		return m.Adapter.Clear(ctx)
	}
	return m.clear(ctx)
}

func (m *mutant) Prune(ctx context.Context) (int, error) {
	if m.prune == nil {
		return m.Adapter.Prune(ctx)
	}
	return m.prune(ctx)
}

const mutantResolution = 10 * time.Millisecond

// rename lets a mutant store keys under other names.
func (m *mutant) rename(f func(string) string) {
	each := func(keys []string) []string {
		keys = slices.Clone(keys)
		for i, k := range keys {
			keys[i] = f(k)
		}
		return keys
	}
	m.get = func(ctx context.Context, keys []string) ([][]byte, error) { return m.Adapter.Get(ctx, each(keys)...) }
	m.del = func(ctx context.Context, keys []string) error { return m.Adapter.Delete(ctx, each(keys)...) }
	m.change(func(it *cache.Item) { it.Key = f(it.Key) })
}

// change lets a mutant store other items than it is given.
func (m *mutant) change(f func(*cache.Item)) {
	m.set = func(ctx context.Context, items []cache.Item) error {
		items = slices.Clone(items)
		for i := range items {
			f(&items[i])
		}
		return m.Adapter.Set(ctx, items...)
	}
}

// answer lets a mutant change what it has read.
func (m *mutant) answer(f func(keys []string, values [][]byte)) {
	m.get = func(ctx context.Context, keys []string) ([][]byte, error) {
		values, err := m.Adapter.Get(ctx, keys...)
		if err == nil {
			f(keys, values)
		}
		return values, err
	}
}

// mutants break one rule each; what else they break does not matter.
var mutants = map[string]func(*mutant){
	"ReadsBackWhatWasWritten": func(m *mutant) {
		m.answer(func(_ []string, values [][]byte) {
			for i, v := range values {
				values[i] = bytes.ToUpper(v)
			}
		})
	},
	"AbsentIsNil": func(m *mutant) {
		m.answer(func(_ []string, values [][]byte) {
			for i, v := range values {
				values[i] = append([]byte{}, v...)
			}
		})
	},
	"AnswersByPosition": func(m *mutant) {
		m.answer(func(_ []string, values [][]byte) { slices.Reverse(values) })
	},
	"RepeatedKeysAreAnsweredAtEachPosition": func(m *mutant) {
		m.answer(func(keys []string, values [][]byte) {
			for i, k := range keys {
				values[i] = values[slices.Index(keys, k)] // one slice for both
			}
		})
	},
	"NoKeysSendNothing": func(m *mutant) {
		m.answer(func([]string, [][]byte) {})
		get := m.get
		m.get = func(ctx context.Context, keys []string) ([][]byte, error) {
			if len(keys) == 0 {
				return nil, nil
			}
			return get(ctx, keys)
		}
	},
	"KeysAreBytes":    func(m *mutant) { m.rename(strings.ToLower) },
	"KeysMayBeLong":   func(m *mutant) { m.rename(func(k string) string { return k[:min(len(k), 250)] }) },
	"ValuesAreBinary": func(m *mutant) { m.change(func(it *cache.Item) { it.Value, _, _ = bytes.Cut(it.Value, []byte{0}) }) },
	"ValuesMayBeLarge": func(m *mutant) {
		m.change(func(it *cache.Item) { it.Value = it.Value[:min(len(it.Value), 65_535)] })
	},
	"EmptyCountsAsAbsent": func(m *mutant) {
		m.set = func(ctx context.Context, items []cache.Item) error { // ignores what it cannot store
			full := slices.DeleteFunc(slices.Clone(items), func(it cache.Item) bool { return len(it.Value) == 0 })
			return m.Adapter.Set(ctx, full...)
		}
	},
	"SetReplacesValueAndLifetime": func(m *mutant) {
		m.change(func(it *cache.Item) {
			if _, left, _ := m.Adapter.GetWithTTL(context.Background(), it.Key); it.TTL == 0 {
				it.TTL = left
			}
		})
	},
	"TheLastOfEqualKeysWins": func(m *mutant) {
		m.set = func(ctx context.Context, items []cache.Item) error {
			items = slices.Clone(items)
			slices.Reverse(items)
			return m.Adapter.Set(ctx, items...)
		}
	},
	"LifetimesEnd": func(m *mutant) { m.change(func(it *cache.Item) { it.TTL = max(it.TTL, 0) * 1000 }) },
	"ShortLifetimesAreRoundedUp": func(m *mutant) {
		m.change(func(it *cache.Item) { it.TTL = it.TTL.Truncate(mutantResolution) })
	},
	"NegativeLifetimesAreRefused": func(m *mutant) { m.change(func(it *cache.Item) { it.TTL = max(it.TTL, 0) }) },
	"TooLargeLeavesTheOldValue": func(m *mutant) {
		m.set = func(ctx context.Context, items []cache.Item) error {
			err := m.Adapter.Set(ctx, items...)
			if errors.Is(err, cache.ErrTooLarge) {
				_ = m.Adapter.Delete(ctx, items[len(items)-1].Key)
			}
			return err
		}
	},
	"DeleteRemoves": func(m *mutant) {
		m.del = func(ctx context.Context, keys []string) error {
			if v, err := m.Adapter.Get(ctx, keys...); err != nil || slices.ContainsFunc(v, func(v []byte) bool { return v == nil }) {
				return &cache.OpError{Op: "delete", Keys: keys, Err: cache.ErrNotFound}
			}
			return m.Adapter.Delete(ctx, keys...)
		}
	},
	"TheCallerOwnsTheBytes": func(m *mutant) {
		given := map[string][]byte{}
		m.change(func(it *cache.Item) { given[it.Key] = it.Value })
		m.answer(func(keys []string, values [][]byte) {
			for i, k := range keys {
				values[i] = given[k]
			}
		})
	},
	"CancelledContextsDoNothing": func(m *mutant) {
		m.get = func(ctx context.Context, keys []string) ([][]byte, error) {
			return m.Adapter.Get(context.WithoutCancel(ctx), keys...)
		}
	},
	"DeadlinesAreErrors": func(m *mutant) {
		m.get = func(ctx context.Context, keys []string) ([][]byte, error) {
			values, err := m.Adapter.Get(ctx, keys...)
			if errors.Is(err, context.DeadlineExceeded) {
				err = &cache.OpError{Op: "get", Keys: keys, Err: cache.ErrUnavailable}
			}
			return values, err
		}
	},
	"ConcurrentUse": func(m *mutant) {
		m.set = func(ctx context.Context, items []cache.Item) error {
			half := slices.Clone(items)
			for i, it := range half {
				half[i].Value = it.Value[:len(it.Value)/2]
			}
			if err := m.Adapter.Set(ctx, half...); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
			return m.Adapter.Set(ctx, items...)
		}
	},
	"CloseIsFinal": func(m *mutant) { m.close = func() error { return nil } },
	"ErrorsAreOpErrors": func(m *mutant) {
		m.get = func(ctx context.Context, keys []string) ([][]byte, error) {
			values, err := m.Adapter.Get(ctx, keys...)
			return values, errors.Unwrap(err)
		}
	},
	"Pinger":  func(m *mutant) { m.ping = func() error { return nil } },
	"Expirer": func(m *mutant) { m.ttl = func([]byte, time.Duration) time.Duration { return 0 } },
	"Lister": func(m *mutant) {
		m.list = func(keys iter.Seq2[string, error]) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for k, err := range keys {
					for range 2 {
						if !yield(k, err) {
							return
						}
					}
				}
			}
		}
	},
	"Clearer": func(m *mutant) { m.clear = m.Flush },
	"Pruner": func(m *mutant) {
		m.prune = func(ctx context.Context) (int, error) {
			n, err := m.Adapter.Prune(ctx)
			return 2 * n, err
		}
	},
}

// recorder is a testing.TB that keeps a failure for itself.
type recorder struct {
	testing.TB
	failure  string
	skipped  string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Skip(args ...any) {
	r.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// check runs a rule on an adapter to its end.
func (r *recorder) check(rule *rule, a cache.Adapter) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		rule.run(r, a, newConfig([]Option{WithResolution(mutantResolution)}))
	}()
	<-done
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

func newMutant() *mutant {
	return &mutant{Adapter: memoryadapter.New(memoryadapter.WithMaxValueSize(200_000), memoryadapter.WithOwned(KeyPatterns()...))}
}

func TestConformance_NamesTheRuleThatIsBroken(t *testing.T) {
	all := slices.Concat(rules, waitingRules)
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			breakRule := mutants[r.name]
			require.NotNil(t, breakRule, "each rule has a mutant")
			synctest.Test(t, func(t *testing.T) {
				sound := &recorder{TB: t}
				sound.check(&r, newMutant())
				require.Empty(t, sound.failure)
				require.Empty(t, sound.skipped)

				m := newMutant()
				breakRule(m)
				broken := &recorder{TB: t}
				broken.check(&r, m)
				require.Contains(t, broken.failure, "The rule is there because: "+r.why)
			})
		})
	}
	require.Len(t, mutants, len(all))
}
