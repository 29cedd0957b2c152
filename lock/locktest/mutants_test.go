package locktest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// mutant is a memory backend of which some methods break a rule.
type mutant struct {
	*memorylocker.Backend
	acquire func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error)
	renew   func(ctx context.Context, name string, token lock.Token, ttl time.Duration) error
	release func(ctx context.Context, name string, token lock.Token) error
	holder  func(ctx context.Context, name string) (lock.Holder, error)
	list    func(all iter.Seq2[lock.Holder, error]) iter.Seq2[lock.Holder, error]
	breaks  func(ctx context.Context, name string) error

	mu   sync.Mutex
	last map[string]lock.Claim // of the names that were not released
}

func (m *mutant) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	acquire := m.Backend.Acquire
	if m.acquire != nil {
		acquire = m.acquire
	}
	fence, err := acquire(ctx, name, c, ttl)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.last[name] = c
	}
	return fence, err
}

func (m *mutant) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	if m.renew != nil {
		return m.renew(ctx, name, token, ttl)
	}
	return m.Backend.Renew(ctx, name, token, ttl)
}

func (m *mutant) Release(ctx context.Context, name string, token lock.Token) error {
	release := m.Backend.Release
	if m.release != nil {
		release = m.release
	}
	err := release(ctx, name, token)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.last, name)
	}
	return err
}

func (m *mutant) Holder(ctx context.Context, name string) (lock.Holder, error) {
	if m.holder != nil {
		return m.holder(ctx, name)
	}
	return m.Backend.Holder(ctx, name)
}

func (m *mutant) Holders(ctx context.Context) iter.Seq2[lock.Holder, error] {
	if m.list != nil {
		return m.list(m.Backend.Holders(ctx))
	}
	return m.Backend.Holders(ctx)
}

func (m *mutant) Break(ctx context.Context, name string) error {
	if m.breaks != nil {
		return m.breaks(ctx, name)
	}
	return m.Backend.Break(ctx, name)
}

// withHolder asks the backend below with the token of the holder.
func (m *mutant) withHolder(ctx context.Context, name string, do func(lock.Token) error) error {
	h, err := m.Backend.Holder(ctx, name)
	if err != nil {
		return lock.ErrLost
	}
	return do(h.Token)
}

// changeHeld changes the error of an Acquire of a held name.
func (m *mutant) changeHeld(change func(*lock.HeldError) error) {
	m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
		fence, err := m.Backend.Acquire(ctx, name, c, ttl)
		var held *lock.HeldError
		if errors.As(err, &held) {
			err = change(held)
		}
		return fence, err
	}
}

// changeName changes the names of all locks.
func (m *mutant) changeName(change func(string) string) {
	m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
		return m.Backend.Acquire(ctx, change(name), c, ttl)
	}
	m.release = func(ctx context.Context, name string, token lock.Token) error {
		return m.Backend.Release(ctx, change(name), token)
	}
	m.holder = func(ctx context.Context, name string) (lock.Holder, error) {
		return m.Backend.Holder(ctx, change(name))
	}
}

// changeTTL changes the lifetime of an Acquire.
func (m *mutant) changeTTL(change func(time.Duration) time.Duration) {
	m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
		return m.Backend.Acquire(ctx, name, c, change(ttl))
	}
}

// mutants break one rule each; a rule may have several.
var mutants = []struct {
	rule, name string
	mutate     func(*mutant)
}{
	{"OneHolder", "takes a held name", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			_ = m.Backend.Break(ctx, name) // whether it is held or not
			return m.Backend.Acquire(ctx, name, c, ttl)
		}
	}},
	{"GuardsACounter", "grants a held name to one of several that ask", func(m *mutant) {
		var asked atomic.Int64
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			fence, err := m.Backend.Acquire(ctx, name, c, ttl)
			if errors.Is(err, lock.ErrHeld) && asked.Add(1)%5 == 0 {
				return 1, nil
			}
			return fence, err
		}
		m.release = func(ctx context.Context, name string, token lock.Token) error {
			if err := m.Backend.Release(ctx, name, token); !errors.Is(err, lock.ErrLost) {
				return err
			}
			return nil
		}
	}},
	{"OneHolder", "renews with any token", func(m *mutant) {
		m.renew = func(ctx context.Context, name string, _ lock.Token, ttl time.Duration) error {
			return m.withHolder(ctx, name, func(t lock.Token) error { return m.Backend.Renew(ctx, name, t, ttl) })
		}
	}},
	{"OneHolder", "releases with any token", func(m *mutant) {
		m.release = func(ctx context.Context, name string, _ lock.Token) error {
			return m.withHolder(ctx, name, func(t lock.Token) error { return m.Backend.Release(ctx, name, t) })
		}
	}},
	{"OneHolder", "frees the name, and says that it did not", func(m *mutant) {
		m.release = func(ctx context.Context, name string, token lock.Token) error {
			err := m.Backend.Release(ctx, name, token)
			_ = m.Backend.Break(ctx, name) // also if token does not hold it
			return err
		}
	}},
	{"OneOfManyWins", "reads before it writes", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			if h, err := m.Backend.Holder(ctx, name); err == nil {
				return 0, &lock.HeldError{Name: name, Owner: h.Owner}
			}
			time.Sleep(time.Millisecond)
			_ = m.Backend.Break(ctx, name) // a write without a condition
			return m.Backend.Acquire(ctx, name, c, ttl)
		}
	}},
	{"OnlyTheWholeTokenOpens", "compares the beginning", func(m *mutant) {
		m.release = func(ctx context.Context, name string, token lock.Token) error {
			return m.withHolder(ctx, name, func(t lock.Token) error {
				if !strings.HasPrefix(string(t), string(token)) {
					return lock.ErrLost
				}
				return m.Backend.Release(ctx, name, t)
			})
		}
	}},
	{"TheSameTokenIsGrantedAgain", "refuses its holder", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			if h, err := m.Backend.Holder(ctx, name); err == nil {
				return 0, &lock.HeldError{Name: name, Owner: h.Owner}
			}
			return m.Backend.Acquire(ctx, name, c, ttl)
		}
	}},
	{"TheSameTokenIsGrantedAgain", "draws another fence", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			_ = m.Backend.Release(ctx, name, c.Token) // if it holds the name
			return m.Backend.Acquire(ctx, name, c, ttl)
		}
	}},
	{"ReleaseFreesOnce", "does not say that the lock was lost", func(m *mutant) {
		m.release = func(ctx context.Context, name string, token lock.Token) error {
			_ = m.Backend.Release(ctx, name, token) // the error is what is kept back
			return nil
		}
	}},
	{"HeldErrorsNameTheHolder", "an empty HeldError", func(m *mutant) {
		m.changeHeld(func(*lock.HeldError) error { return &lock.HeldError{} })
	}},
	{"HeldErrorsNameTheHolder", "no owner", func(m *mutant) {
		m.changeHeld(func(h *lock.HeldError) error { return &lock.HeldError{Name: h.Name} })
	}},
	{"HeldErrorsNameTheHolder", "ErrHeld alone", func(m *mutant) {
		m.changeHeld(func(*lock.HeldError) error { return lock.ErrHeld })
	}},
	{"HeldErrorsNameTheHolder", "a lifetime in another unit", func(m *mutant) {
		m.changeHeld(func(h *lock.HeldError) error { h.ExpiresIn *= 1000; return h })
	}},
	{"HolderTellsWhatWasStored", "no label", func(m *mutant) {
		m.holder = func(ctx context.Context, name string) (lock.Holder, error) {
			h, err := m.Backend.Holder(ctx, name)
			h.Owner.Label = ""
			return h, err
		}
	}},
	{"HolderTellsWhatWasStored", "no error for a free name", func(m *mutant) {
		m.holder = func(ctx context.Context, name string) (lock.Holder, error) {
			h, _ := m.Backend.Holder(ctx, name) // its error is what is kept back
			return h, nil
		}
	}},
	{"RenewSetsTheLifetime", "renews nothing", func(m *mutant) {
		m.renew = func(ctx context.Context, name string, token lock.Token, _ time.Duration) error {
			return m.withHolder(ctx, name, func(t lock.Token) error {
				if t != token {
					return lock.ErrLost
				}
				return nil
			})
		}
	}},
	{"RenewSetsTheLifetime", "renews nothing, and cannot tell lifetimes", func(m *mutant) {
		m.renew = func(context.Context, string, lock.Token, time.Duration) error { return nil }
		m.holder = func(ctx context.Context, name string) (lock.Holder, error) {
			h, err := m.Backend.Holder(ctx, name)
			h.TTL = 0
			return h, err
		}
	}},
	{"LocksExpire", "keeps a lock for an hour", func(m *mutant) {
		m.changeTTL(func(time.Duration) time.Duration { return time.Hour })
	}},
	{"LocksExpire", "keeps a lock for half its lifetime", func(m *mutant) {
		m.changeTTL(func(ttl time.Duration) time.Duration { return ttl / 2 })
	}},
	{"ExpiredIsLost", "renews an expired lock that no other has taken", func(m *mutant) {
		m.renew = func(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
			err := m.Backend.Renew(ctx, name, token, ttl)
			m.mu.Lock()
			defer m.mu.Unlock()
			if c, ok := m.last[name]; ok && errors.Is(err, lock.ErrLost) && c.Token == token {
				_, err = m.Backend.Acquire(ctx, name, c, ttl)
			}
			return err
		}
	}},
	{"ExpiredIsLost", "releases an expired lock", func(m *mutant) {
		m.release = func(ctx context.Context, name string, token lock.Token) error {
			err := m.Backend.Release(ctx, name, token)
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.last[name].Token == token {
				return nil
			}
			return err
		}
	}},
	{"ExpiredHasNoHolder", "names a holder after expiry", func(m *mutant) {
		m.holder = func(ctx context.Context, name string) (lock.Holder, error) {
			h, err := m.Backend.Holder(ctx, name)
			m.mu.Lock()
			defer m.mu.Unlock()
			if c, ok := m.last[name]; ok && errors.Is(err, lock.ErrNotHeld) {
				return lock.Holder{Name: name, Owner: c.Owner, Token: c.Token}, nil
			}
			return h, err
		}
	}},
	{"FencesRise", "the same fence for all", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			_, err := m.Backend.Acquire(ctx, name, c, ttl)
			return 7, err
		}
	}},
	{"UnfencedDrawsNoFence", "draws one", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			c.Unfenced = false
			return m.Backend.Acquire(ctx, name, c, ttl)
		}
	}},
	{"NamesAreBytes", "folds case", func(m *mutant) { m.changeName(strings.ToLower) }},
	{"EndedContextsTakeNothing", "takes no notice of contexts", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			return m.Backend.Acquire(context.WithoutCancel(ctx), name, c, ttl)
		}
	}},
	{"EndedContextsTakeNothing", "takes the lock and returns an error", func(m *mutant) {
		m.acquire = func(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
			fence, err := m.Backend.Acquire(context.WithoutCancel(ctx), name, c, ttl)
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return fence, err
		}
	}},
	{"Lister", "lists one", func(m *mutant) {
		m.list = func(all iter.Seq2[lock.Holder, error]) iter.Seq2[lock.Holder, error] {
			return func(yield func(lock.Holder, error) bool) {
				for h, err := range all {
					yield(h, err)
					return
				}
			}
		}
	}},
	{"Breaker", "breaks nothing", func(m *mutant) {
		m.breaks = func(ctx context.Context, name string) error { return m.holderErr(ctx, name) }
	}},
	{"Breaker", "breaks free names", func(m *mutant) {
		m.breaks = func(ctx context.Context, name string) error {
			_ = m.Backend.Break(ctx, name) // its error is what is kept back
			return nil
		}
	}},
}

func (m *mutant) holderErr(ctx context.Context, name string) error {
	_, err := m.Backend.Holder(ctx, name)
	return err
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failureOf returns what a rule says of a backend, "" if it keeps it.
func failureOf(tb testing.TB, r rule, b lock.Backend) string {
	rec := &recorder{TB: tb}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.run(rec, b)
	}()
	<-ended
	return rec.failure
}

func TestConformance_NamesTheRuleThatABackendBreaks(t *testing.T) {
	byName := map[string]rule{}
	untested := map[string]bool{}
	for _, r := range slices.Concat(rules, waitingRules) {
		byName[r.name], untested[r.name] = r, true
	}
	for _, c := range mutants {
		delete(untested, c.rule)
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, ok := byName[c.rule]
				require.True(t, ok)
				m := &mutant{Backend: memorylocker.New(), last: map[string]lock.Claim{}}
				require.Empty(t, failureOf(t, r, m), "without a mutation")
				c.mutate(m)
				require.Contains(t, failureOf(t, r, m), "The rule is there because: "+r.why+".")
			})
		})
	}
	require.Empty(t, untested, "rules without a mutant")
}
