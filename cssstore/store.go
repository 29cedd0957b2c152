package cssstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Resource is one version of a project's prepared CSS.
type Resource struct {
	Project UUID
	// Hash is that of the design that the CSS was made from.
	Hash Hash
	CSS  []byte

	// Settled: CSS and Hash surely belong together. An unsettled pair may be
	// one half of a PHP node's two writes: serve it for a minute at most, and
	// ask again after [SettleTime]. Put ignores it.
	Settled bool
	// Source is what the CSS was made from, as far as the store keeps it. What
	// a PHP node stored has none.
	Source Source
	// Modified is when the version was stored, zero where the store does not
	// know. Put ignores it.
	Modified time.Time
	// Alias is zero, or a hash that the store has beside the same bytes: that
	// of a design which PHP stored later and which makes the same CSS, or that
	// of a PHP node's write which this version has run into. [Version] gives
	// the bytes under it, not settled. Put ignores it.
	Alias Hash
}

// Source is what a version was made from besides the settings that its hash
// covers. Texts longer than 100 bytes are refused.
type Source struct {
	// Base is a digest of the base CSS, in hexadecimal digits.
	Base string
	// Version is the version of mosparo.
	Version string
}

// SettleTime is how long apart two looks at a pair of a PHP node must be to
// call it settled. PHP writes the hash right after the CSS.
const SettleTime = 250 * time.Millisecond

// Store keeps the current version of every project's CSS. Implementations are
// safe for concurrent use by goroutines and by processes, PHP nodes among them,
// and are proved by cssstoretest.Conformance.
//
// Errors are [*OpError].
type Store interface {
	// Get returns the current version. The caller owns the bytes. Errors:
	// [ErrNotFound], [ErrUnsettled], those of what lies below. A Get may wait for
	// some [SettleTime] to learn what belongs together.
	Get(ctx context.Context, project UUID) (Resource, error)

	// Hash returns the hash of the current version without its CSS; while a
	// version is being stored, that of the earlier or of the new one.
	Hash(ctx context.Context, project UUID) (Hash, error)

	// Put makes a version the current one, also under a hash that is there
	// already. It keeps no reference to the bytes, which may be none. A reader meets the earlier version
	// or this one, never a mixture. After an error that is not [ErrInvalid] or
	// cache.ErrTooLarge either may be the current one.
	Put(ctx context.Context, r Resource) error

	// Delete removes all versions of a project, whoever stored them; a project
	// that is not there is no error.
	Delete(ctx context.Context, project UUID) error
}

// The abilities below are optional: portable code asks a [Store] for them with
// a type assertion, or through the functions of the same names.
type (
	// Lister yields the projects of which the store has something, in no
	// particular order, each at most once, until the first error. That is
	// [errors.ErrUnsupported] when what lies below cannot list.
	Lister interface {
		List(ctx context.Context) iter.Seq2[UUID, error]
	}

	// Versioner gives earlier versions, too, as long as they are kept.
	Versioner interface {
		Version(ctx context.Context, project UUID, hash Hash) (Resource, error)
	}

	// Pruner removes earlier versions that are not kept any longer, and returns
	// how many.
	Pruner interface {
		Prune(ctx context.Context) (int, error)
	}
)

// List yields the projects of a store that is a [Lister]; of any other it
// yields [errors.ErrUnsupported].
func List(ctx context.Context, s Store) iter.Seq2[UUID, error] {
	if l, ok := s.(Lister); ok {
		return l.List(ctx)
	}
	return func(yield func(UUID, error) bool) {
		yield(UUID{}, fmt.Errorf("cssstore: list: %w", errors.ErrUnsupported))
	}
}

// Version returns the version of a hash: the current one if it has that hash,
// or an earlier one that the store still has. Another hash is [ErrNotFound].
func Version(ctx context.Context, s Store, project UUID, hash Hash) (Resource, error) {
	if v, ok := s.(Versioner); ok {
		return v.Version(ctx, project, hash)
	}
	r, err := s.Get(ctx, project)
	switch {
	case err != nil || r.Hash == hash:
		return r, err
	case r.Alias == hash && !hash.IsZero():
		r.Hash, r.Alias, r.Settled = hash, Hash{}, false
		return r, nil
	}
	return Resource{}, wrap("get", project, ErrNotFound)
}

// GetSettled is Get, repeated after [SettleTime] until the pair is settled or
// the context ends.
func GetSettled(ctx context.Context, s Store, project UUID) (Resource, error) {
	for {
		r, err := s.Get(ctx, project)
		if !errors.Is(err, ErrUnsettled) && (err != nil || r.Settled) {
			return r, err
		}
		if err := pause(ctx, SettleTime); err != nil {
			return Resource{}, wrap("get", project, err)
		}
	}
}

// pause waits, or returns why the context ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Check is what every Put does first: [ErrInvalid] for a version without hash
// and for a source that is too long.
func (r *Resource) Check() error {
	const longest = 100
	switch {
	case r.Hash.IsZero():
		return fmt.Errorf("%w: no hash", ErrInvalid)
	case len(r.Source.Base) > longest || len(r.Source.Version) > longest:
		return fmt.Errorf("%w: source of more than %d bytes", ErrInvalid, longest)
	}
	return nil
}
