package sqlcleaner

import (
	"context"
	"time"
)

// pace are the limits, as far as they have been used.
type pace struct {
	began       time.Time
	round, rows int
	over        bool
}

// start begins the first round; false if there is to be none.
func (c *cleaning) start(ctx context.Context) (bool, error) {
	c.pace.round = 1
	if c.limits.Rounds < 0 {
		c.pace.over = true
		return false, nil
	}
	return true, c.between(ctx)
}

func (c *cleaning) between(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.limits.Between == nil {
		return nil
	}
	defer c.others.skip()
	return c.limits.Between(ctx)
}

// next notes deleted rows. After as many as a round has, it looks at the limits
// and begins the next round, which it calls off by false.
func (c *cleaning) next(ctx context.Context, rows int) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if c.pace.rows += rows; c.pace.rows < c.limits.Rows {
		return true, nil
	}
	c.pace.rows = 0
	late := c.limits.Time > 0 && time.Since(c.pace.began) > c.limits.Time
	if late || c.limits.Rounds > 0 && c.pace.round >= c.limits.Rounds {
		c.pace.over = true
		return false, nil
	}
	c.pace.round++
	return true, c.between(ctx)
}
