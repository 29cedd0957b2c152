package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Overview is what a node knows of the cleanup.
type Overview struct {
	Mode  Mode
	State State
	// Decision is what an unforced run would meet now.
	Decision Decision
	// Holder is the Go node that cleans now, nil if none does or nobody knows.
	Holder *lock.Holder
	// Recent are the newest statistic rows, newest first.
	Recent []Row
}

// Status reads the state of the cleanup and writes nothing.
func (s *Scheduler) Status(ctx context.Context) (Overview, error) {
	v, err := s.look(ctx)
	if err != nil {
		return Overview{}, fmt.Errorf("cleanup: status: %w", err)
	}
	o := Overview{Mode: s.mode, State: v.state, Decision: s.policy.Decide(v.state, time.Now(), false), Recent: v.rows[:min(len(v.rows), 10)]}
	h, err := s.locker.Holder(ctx, LockName)
	switch {
	case err == nil:
		o.Holder = &h
	case errors.Is(err, lock.ErrNotHeld):
	default:
		return o, fmt.Errorf("cleanup: status: %w", err)
	}
	return o, nil
}
