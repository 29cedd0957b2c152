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
	// Until is when it ends unless [ResumeAll] ends it before.
	Until time.Time `php:"until"`
	Since time.Time `php:"since"`
	// By and Reason say to people who paused the nodes, and why.
	By     string `php:"by"`
	Reason string `php:"reason"`
}

// pauseKey is the key of the pause in the shared cache. Its lifetime is the pause's.
const pauseKey cache.Key[Pause] = "mosparoGoPause"

// maxPause limits a pause, since a forgotten one must not stop the cleanup for good.
const maxPause = 24 * time.Hour

// PauseAll keeps all Go nodes that share the cache from starting a cleanup for d, at
// most 24 hours. A run under way ends after its round, as unfinished. A later call
// replaces the pause. PHP nodes ignore it and still clean. The error is one of the cache
// or wraps [ErrPauseTooLong].
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

// ResumeAll ends the pause; without one it does nothing.
func ResumeAll(ctx context.Context, pool *cache.Pool) error {
	if err := pauseKey.Delete(ctx, pool); err != nil {
		return fmt.Errorf("cleanup: resume: %w", err)
	}
	return nil
}

// activePause returns the pause in effect at a time, nil if there is none. A pause that
// ends later than any pause may was written by a wrong clock: it lasts for the maximum.
// One in an unknown format is a newer node's: it lasts while the entry is there.
func activePause(r cache.Result[Pause], at time.Time) *Pause {
	if r.Missing() {
		return nil
	}
	if broken := (*cache.DecodeError)(nil); errors.As(r.Err, &broken) {
		return &Pause{Since: at, Until: at.Add(maxPause), Reason: "a pause in a format that this version does not know; it lasts until the entry " + broken.Key + " is gone"}
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
