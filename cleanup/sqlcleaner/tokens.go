package sqlcleaner

import (
	"context"
	"database/sql"
)

// tokens deletes tokens with their submissions, pass by pass: what a pass has
// left out, since a client had it locked, may be free in the next.
func (c *cleaning) tokens(ctx context.Context) (finished bool, err error) {
	if ok, err := c.start(ctx); err != nil || !ok {
		return false, err
	}
	last, err := c.d.number(ctx, "SELECT COALESCE(MAX(id), 0) FROM submit_token")
	if err != nil {
		return false, err
	}
	for try := 0; try < 3; try++ {
		w := pass{cleaning: c, last: float64(last)}
		if err := c.pages(ctx, func(p page, all []token) (bool, error) { return w.page(ctx, p, all) }); err != nil {
			return false, err
		}
		if c.pace.over || w.left == 0 {
			return !c.pace.over, nil
		}
		if w.gone > 0 {
			try = 0
		}
	}
	return false, nil
}

// pass is one way through all tokens.
type pass struct {
	*cleaning
	last       float64 // the highest token id, for the progress
	gone, left int     // tokens that were deleted, and that were left although due
}

// page deletes what is free of a page.
func (w *pass) page(ctx context.Context, p page, all []token) (more bool, err error) {
	done := 1.0
	if !p.end {
		done = min(float64(p.last)/w.last, 1)
	}
	var ids []int64
	rows := 0
	flush := func() (bool, error) {
		if len(ids) == 0 {
			return true, nil
		}
		n, err := w.remove(ctx, ids, done)
		ids, rows = nil, 0
		if err != nil {
			return false, err
		}
		return w.next(ctx, n)
	}
	for _, t := range all {
		if t.inUse > 0 {
			continue
		}
		free, more, err := w.prepare(ctx, t, done)
		if err != nil || !more {
			return false, err
		}
		if !free {
			continue
		}
		ids, rows = append(ids, t.id), rows+min(t.submissions, mostOfToken)
		if rows >= w.room() {
			if more, err := flush(); err != nil || !more {
				return false, err
			}
		}
	}
	return flush()
}

// prepare makes an odd token one that can be removed as others are: it unties
// it from tokens that go as well, and takes most of very many submissions away.
func (w *pass) prepare(ctx context.Context, t token, done float64) (free, more bool, err error) {
	if t.named > 0 {
		if free, err := w.untie(ctx, t.id); err != nil || !free {
			return false, true, err
		}
	}
	if t.submissions > mostOfToken {
		return w.shrink(ctx, t, done)
	}
	return true, true, nil
}

// remove deletes tokens with all that hangs on them, in one transaction. What
// got a submission since they were chosen stays: once a token is locked, none
// can arrive. One that is judged valid at the last moment is not deleted either,
// and keeps its token by the foreign key, so that all begins again.
func (w *pass) remove(ctx context.Context, tokens []int64, done float64) (submissions int, err error) {
	left := 0
	deleted, err := w.transaction(ctx, "submission", done, func(tx *sql.Tx, deleted map[string]int) (err error) {
		if w.d.dialect == PostgreSQL {
			left, err = w.removeByOneStatement(ctx, tx, tokens, deleted)
		} else {
			left, err = w.removeLocked(ctx, tx, tokens, deleted)
		}
		return err
	})
	if w.d.dialect != SQLite { // there, what cannot be locked does not exist
		w.left += left
	}
	w.gone += deleted["submit_token"]
	return deleted["submission"], err
}
