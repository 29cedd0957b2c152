package lock

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
)

// Holder returns who holds the name, or [ErrNotHeld]. Other errors:
// [ErrUnavailable], [*ArgumentError] for a name that cannot be one.
func (l *Locker) Holder(ctx context.Context, name string) (Holder, error) {
	if err := CheckName(name); err != nil {
		return Holder{}, err
	}
	call, cancel := context.WithTimeout(ctx, l.call)
	defer cancel()
	h, err := l.backend.Holder(call, name)
	if err != nil {
		return Holder{}, wrapErr("holder of", name, classify(err))
	}
	return h, nil
}

// Holders yields all names that are held, in no particular order, then ends or
// yields one error: [ErrUnavailable], or one that is [errors.ErrUnsupported]
// where the backend cannot list. A lease that is taken or released meanwhile
// may be missing. Only ctx bounds the time.
func (l *Locker) Holders(ctx context.Context) iter.Seq2[Holder, error] {
	return func(yield func(Holder, error) bool) {
		b, ok := l.backend.(Lister)
		if !ok {
			yield(Holder{}, fmt.Errorf("lock: this backend cannot list its locks: %w", errors.ErrUnsupported))
			return
		}
		for h, err := range b.Holders(ctx) {
			if err != nil {
				yield(Holder{}, fmt.Errorf("lock: list: %w", classify(err)))
				return
			}
			if !yield(h, nil) {
				return
			}
		}
	}
}

// Break takes the name from its holder, or returns [ErrNotHeld]; the holder
// notices at its next renewal at the latest, so that for a third of its TTL two
// may believe that they hold it: only fences keep them apart. It is for
// operators.
func (l *Locker) Break(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	call, cancel := context.WithTimeout(ctx, l.call)
	defer cancel()
	if err := l.breakName(call, name); err != nil {
		return wrapErr("break", name, classify(err))
	}
	l.logger.WarnContext(ctx, "lock broken", slog.String("lock", name))
	return nil
}

// breakName asks the backend, or releases in the holder's name: a holder that
// goes just then was not there.
func (l *Locker) breakName(ctx context.Context, name string) error {
	if b, ok := l.backend.(Breaker); ok {
		return b.Break(ctx, name)
	}
	h, err := l.backend.Holder(ctx, name)
	if err != nil {
		return err
	}
	if err = l.backend.Release(ctx, name, h.Token); errors.Is(err, ErrLost) {
		return ErrNotHeld
	}
	return err
}

// classify makes an error of the backend one of this package.
func classify(err error) error {
	if errors.Is(err, ErrNotHeld) {
		return err
	}
	return unavailable(err)
}
