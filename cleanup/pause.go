package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// Pause keeps the Go nodes of a cluster from cleaning, for maintenance. PHP
// nodes do not know of it and go on as always.
type Pause struct {
	// Until is when it ends by itself.
	Until time.Time `php:"until"`
	Since time.Time `php:"since"`
	// By and Reason are for people.
	By     string `php:"by"`
	Reason string `php:"reason"`
}

// MaxPause is the longest pause: a forgotten one must not stop the cleanup for
// good.
const MaxPause = 24 * time.Hour

// ErrPauseTooLong is the error of a pause that is not longer than 0 and not longer than
// [MaxPause].
var ErrPauseTooLong = errors.New("a pause lasts more than 0 and at most 24 hours")

// PauseAll keeps all Go nodes that share the pool from beginning a cleanup for
// d, and ends one that is under way after its round, as unfinished. A later
// call replaces it. It writes [PauseKey] only, which PHP nodes ignore: they
// still clean.
func PauseAll(ctx context.Context, pool *cache.Pool, d time.Duration, by, reason string) (Pause, error) {
	if d <= 0 || d > MaxPause {
		return Pause{}, fmt.Errorf("cleanup: pause of %v: %w", d, ErrPauseTooLong)
	}
	at := now()
	p := Pause{Until: at.Add(d), Since: at, By: by, Reason: reason}
	if err := PauseKey.Set(ctx, pool, p, d); err != nil {
		return Pause{}, fmt.Errorf("cleanup: pause: %w", err)
	}
	return p, nil
}

// ResumeAll ends a pause; without one it does nothing.
func ResumeAll(ctx context.Context, pool *cache.Pool) error {
	if err := PauseKey.Delete(ctx, pool); err != nil {
		return fmt.Errorf("cleanup: resume: %w", err)
	}
	return nil
}

// paused is the pause that holds at a time, nil if none does. One that ends
// later than any pause may was written by a clock that is wrong, and holds for
// no longer than one of the longest kind would. One in an unknown form, of a
// newer node, holds while it is there.
func paused(r cache.Result[Pause], at time.Time) *Pause {
	if broken := (*cache.DecodeError)(nil); errors.As(r.Err, &broken) {
		return &Pause{Since: at, Until: at.Add(MaxPause), Reason: "a pause in a form that this version does not know; it lasts until the entry " + broken.Key + " is gone"}
	}
	if !r.Present() {
		return nil
	}
	p := r.Value
	if limit := p.Since.Add(MaxPause); p.Until.After(limit) {
		p.Until = limit
	}
	if !p.Until.After(at) || p.Until.After(at.Add(MaxPause+clockError)) {
		return nil
	}
	return &p
}
