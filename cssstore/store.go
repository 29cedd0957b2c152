package cssstore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
)

// Store keeps the current version of every project's CSS. Implementations are
// safe for concurrent use by goroutines and by processes, PHP nodes among them,
// and pass cssstoretest.Conformance.
//
// Errors are [*OpError].
type Store interface {
	// Get returns the current version. The caller owns the bytes. Errors:
	// [ErrNotFound], [ErrUnsettled], those of the cache or file system. A Get may
	// wait for some [SettleTime] to learn which bytes and hash belong together.
	Get(ctx context.Context, project UUID) (Resource, error)

	// Hash returns the hash of the current version without its CSS; while a
	// version is being stored, that of the earlier or of the new one.
	Hash(ctx context.Context, project UUID) (Hash, error)

	// Put makes a version the current one, also under a hash that is there
	// already. It keeps no reference to the bytes, which may be none. A reader
	// meets the earlier version or this one, never a mixture. After an error that
	// is not [ErrInvalid] or cache.ErrTooLarge either may be the current one.
	Put(ctx context.Context, r Resource) error

	// Delete removes all versions of a project, also those of PHP nodes; a project
	// that is not there is no error.
	Delete(ctx context.Context, project UUID) error
}

// The abilities below are optional: portable code asks a [Store] for them with
// a type assertion, or through the functions of the same names.
type (
	// Lister yields the projects of which the store has something, in no
	// particular order, each at most once, until the first error. That is
	// [errors.ErrUnsupported] when the cache below cannot list.
	Lister interface {
		List(ctx context.Context) iter.Seq2[UUID, error]
	}

	// Versioner keeps several versions of a project, and finds each by its hash
	// for as long as it is kept.
	Versioner interface {
		Version(ctx context.Context, project UUID, hash Hash) (Resource, error)
	}

	// HashAddressed is a Versioner whose current version is the one whose hash
	// mosparo's database names, as with the files in public/resources, rather than
	// the one that was stored last. Package csshttp asks for it.
	HashAddressed interface {
		Versioner
		// HashAddressed does nothing.
		HashAddressed()
	}

	// Pruner removes earlier versions that are not kept any longer, and returns
	// how many.
	Pruner interface {
		Prune(ctx context.Context) (int, error)
	}

	// NonBlocker is a store whose Get and Hash may wait for a [SettleTime].
	NonBlocker interface {
		// NonBlocking returns the same store with a Get and a Hash that return
		// [ErrUnsettled] instead of waiting, for callers that read many projects
		// and come back.
		NonBlocking() Store
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
	return Resource{}, &OpError{Op: "get", Project: project, Err: ErrNotFound}
}

// GetSettled is Get, repeated after [SettleTime] until the pair is settled or
// the context ends.
func GetSettled(ctx context.Context, s Store, project UUID) (Resource, error) {
	for {
		r, err := s.Get(ctx, project)
		if !errors.Is(err, ErrUnsettled) && (err != nil || r.Settled) {
			return r, err
		}
		if err := sleep.For(ctx, SettleTime); err != nil {
			return Resource{}, &OpError{Op: "get", Project: project, Err: err}
		}
	}
}
