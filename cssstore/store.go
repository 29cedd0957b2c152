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
	// [ErrNotFound], [ErrUnsettled], those of the cache or file system. Get may
	// read several times, with [SettleTime] between, to learn which bytes and hash
	// belong together.
	Get(ctx context.Context, project UUID) (Resource, error)

	// Hash returns the hash of the current version without reading its CSS where
	// the store can. While a version is being stored it is the hash of the earlier
	// or of the new one. Errors: those of Get.
	Hash(ctx context.Context, project UUID) (Hash, error)

	// Put makes a version the current one, also if the store has its hash already,
	// with the same or other bytes. It keeps no reference to the bytes. Empty CSS
	// is valid. Readers see either the previous or the new version, never a mix.
	// After [ErrInvalid] and cache.ErrTooLarge the previous version is current;
	// after any other error it may be either.
	Put(ctx context.Context, r Resource) error

	// Delete removes all versions of a project, whichever node stored them. It is no
	// error if there are none.
	Delete(ctx context.Context, project UUID) error
}

// Abilities that a [Store] may have. Portable code finds them with a type
// assertion, or calls the functions [List] and [Version], which work with any store.
type (
	// Lister lists the projects of which the store has anything, in no particular
	// order, each at most once. The first error ends the list. It is
	// [errors.ErrUnsupported] if the cache cannot list its keys.
	Lister interface {
		List(ctx context.Context) iter.Seq2[UUID, error]
	}

	// Versioner also keeps earlier versions of a project for some time, and returns
	// each by its hash; one that it does not have is [ErrNotFound].
	Versioner interface {
		Version(ctx context.Context, project UUID, hash Hash) (Resource, error)
	}

	// HashAddressed marks a Versioner from which a server takes the version whose
	// hash is in mosparo's database, as PHP does with the files in public/resources,
	// and not the one that was stored last. Package csshttp uses it.
	HashAddressed interface {
		Versioner
		// HashAddressed does nothing.
		HashAddressed()
	}

	// Pruner removes earlier versions whose time is over, and returns how many.
	Pruner interface {
		Prune(ctx context.Context) (int, error)
	}

	// NonBlocker is a store whose Get and Hash may wait for [SettleTime].
	NonBlocker interface {
		// NonBlocking returns a view of the store whose Get and Hash return
		// [ErrUnsettled] instead of waiting, for callers that read many projects in
		// turn and try again later.
		NonBlocking() Store
	}
)

// List lists the projects of a store that is a [Lister]. For any other store it
// yields [errors.ErrUnsupported].
func List(ctx context.Context, s Store) iter.Seq2[UUID, error] {
	if l, ok := s.(Lister); ok {
		return l.List(ctx)
	}
	return func(yield func(UUID, error) bool) {
		yield(UUID{}, fmt.Errorf("cssstore: list: %w", errors.ErrUnsupported))
	}
}

// Version returns the version with a hash: the current one, or an earlier one that
// the store still has. If there is none, the error is [ErrNotFound].
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

// GetSettled calls Get until the pair is settled, with pauses of [SettleTime]. It
// returns the cause of the context if that ends first.
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
