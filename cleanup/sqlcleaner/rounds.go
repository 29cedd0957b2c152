package sqlcleaner

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// rounds counts the rounds of a run and applies its limits.
type rounds struct {
	limits cleanup.Limits
	began  time.Time
	number int  // of the current round, from 1
	rows   int  // deleted in the current round
	over   bool // a limit was reached
}

// defaultRows is mosparo's number of submissions in a round.
const defaultRows = 2500

func newRounds(l cleanup.Limits) rounds {
	if l.Rows <= 0 {
		l.Rows = defaultRows
	}
	return rounds{limits: l, began: time.Now()}
}

// start begins the first round. It returns false if the limits allow none.
func (r *rounds) start(ctx context.Context) (bool, error) {
	r.number = 1
	if r.limits.Rounds < 0 {
		r.over = true
		return false, nil
	}
	return true, r.between(ctx)
}

// next adds deleted rows. When the round is full, it begins another, or returns false
// if a limit is reached.
func (r *rounds) next(ctx context.Context, rows int) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if !r.isFull(rows) {
		return true, nil
	}
	if r.isLate() || r.limits.Rounds > 0 && r.number >= r.limits.Rounds {
		r.over = true
		return false, nil
	}
	r.number++
	return true, r.between(ctx)
}

// isFull adds deleted rows and reports whether the round is full. Then the rows of the
// next round count from 0.
func (r *rounds) isFull(rows int) bool {
	if r.rows += rows; r.rows < r.limits.Rows {
		return false
	}
	r.rows = 0
	return true
}

// isLate reports whether the time limit has passed.
func (r *rounds) isLate() bool { return r.limits.Time > 0 && time.Since(r.began) > r.limits.Time }

// left returns how many rows fit into the current round.
func (r *rounds) left() int { return r.limits.Rows - r.rows }

// between calls the Between of the limits.
func (r *rounds) between(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.limits.Between == nil {
		return nil
	}
	return r.limits.Between(ctx)
}
