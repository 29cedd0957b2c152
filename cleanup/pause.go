package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// Pause keeps the Go nodes of a cluster from cleaning, for maintenance. PHP nodes
// ignore it.
type Pause struct {
	// Until is when it ends by itself.
	Until time.Time `php:"until"`
	Since time.Time `php:"since"`
	// By and Reason are for people.
	By     string `php:"by"`
	Reason string `php:"reason"`
}

// pauseKey holds the pause of the Go nodes, for as long as it lasts.
const pauseKey cache.Key[Pause] = "mosparoGoPause"

// maxPause is the longest pause: a forgotten one must not stop the cleanup for
// good.
const maxPause = 24 * time.Hour

// PauseAll keeps all Go nodes that share the pool from starting a cleanup for d,
// at most 24 hours, and ends one that is under way after its round, as unfinished.
// A later call replaces it. It writes one key, which PHP nodes ignore: they still
// clean. Its errors are those of the cache and [ErrPauseTooLong].
func PauseAll(ctx context.Context, pool *cache.Pool, d time.Duration, by, reason string) (Pause, error) {
	if d <= 0 || d > maxPause {
		return Pause{}, fmt.Errorf("cleanup: pause of %v: %w", d, ErrPauseTooLong)
	}
	at := runrecord.Now()
	p := Pause{Until: at.Add(d), Since: at, By: by, Reason: reason}
	if err := pauseKey.Set(ctx, pool, p, d); err != nil {
		return Pause{}, fmt.Errorf("cleanup: pause: %w", err)
	}
	return p, nil
}

// ResumeAll ends a pause; without one it does nothing.
func ResumeAll(ctx context.Context, pool *cache.Pool) error {
	if err := pauseKey.Delete(ctx, pool); err != nil {
		return fmt.Errorf("cleanup: resume: %w", err)
	}
	return nil
}

// activePause returns the pause in effect at a time, nil if there is none. One
// that ends later than any pause may was written by a wrong clock, and lasts for
// the longest time at most. One in an unknown form, of a newer node, lasts while
// it is there.
func activePause(r cache.Result[Pause], at time.Time) *Pause {
	if broken := (*cache.DecodeError)(nil); errors.As(r.Err, &broken) {
		return &Pause{Since: at, Until: at.Add(maxPause), Reason: "a pause in a form that this version does not know; it lasts until the entry " + broken.Key + " is gone"}
	}
	if !r.Present() {
		return nil
	}
	p := r.Value
	if limit := p.Since.Add(maxPause); p.Until.After(limit) {
		p.Until = limit
	}
	if !p.Until.After(at) || p.Until.After(at.Add(maxPause+runrecord.MaxClockSkew)) {
		return nil
	}
	return &p
}
