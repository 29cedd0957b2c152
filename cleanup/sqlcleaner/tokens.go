package sqlcleaner

import (
	"context"
	"database/sql"
)

// tokens deletes tokens with their submissions, in passes over all tokens: one that a
// client has locked in a pass may be free in the next. It ends after three passes in
// which nothing could be deleted.
func (c *cleaning) tokens(ctx context.Context) (finished bool, err error) {
	if ok, err := c.startRounds(ctx); err != nil || !ok {
		return false, err
	}
	newest, err := c.newestToken(ctx)
	if err != nil {
		return false, err
	}
	for try := 0; try < 3; try++ {
		p := pass{cleaning: c, newest: newest}
		if err := c.pages(ctx, newest, func(page page) (bool, error) { return p.page(ctx, page) }); err != nil {
			return false, err
		}
		if c.rounds.over || p.skipped == 0 {
			return !c.rounds.over, nil
		}
		if p.deleted > 0 {
			try = 0
		}
	}
	return false, nil
}

// pass is one pass over all tokens.
type pass struct {
	*cleaning
	newest  int64 // the highest token id
	deleted int   // tokens
	skipped int   // tokens that are due and were in use
}

// page deletes the free tokens of a page. It returns false if the limits end the run.
func (p *pass) page(ctx context.Context, page page) (more bool, err error) {
	done := float64(page.last) / float64(p.newest)
	if p.d.dialect == PostgreSQL {
		left, more, err := p.removeDue(ctx, page, done)
		if err != nil || !more || !left {
			return more, err
		}
	}
	all, err := p.tokensOn(ctx, page)
	if err != nil {
		return false, err
	}
	return p.removeFree(ctx, all, done)
}

// removeFree deletes those of some tokens that are free, or can be made so.
func (p *pass) removeFree(ctx context.Context, all []token, done float64) (more bool, err error) {
	var ids []int64
	rows := 0
	flush := func() (bool, error) {
		if len(ids) == 0 {
			return true, nil
		}
		n, err := p.remove(ctx, ids, done)
		ids, rows = nil, 0
		if err != nil {
			return false, err
		}
		return p.next(ctx, n)
	}
	for _, t := range all {
		if t.inUse > 0 {
			continue
		}
		free, more, err := p.prepare(ctx, t, done)
		if err != nil || !more {
			return false, err
		}
		if !free {
			continue
		}
		ids, rows = append(ids, t.id), rows+min(t.submissions, maxPerToken)
		if rows >= p.room() {
			if more, err := flush(); err != nil || !more {
				return false, err
			}
		}
	}
	return flush()
}

// prepare removes what keeps a due token from being deleted in a batch: references of
// other tokens, and too many submissions. It reports whether the token is free, and
// false for more if the limits end the run.
func (p *pass) prepare(ctx context.Context, t token, done float64) (free, more bool, err error) {
	if t.referenced > 0 {
		due, cleared, err := p.clearReferences(ctx, t.id)
		if due && !cleared {
			p.skipped++
		}
		if err != nil || !cleared {
			return false, true, err
		}
	}
	if t.submissions <= maxPerToken {
		return true, true, nil
	}
	free, more, err = p.deleteMost(ctx, t, done)
	if more && !free {
		p.skipped++
	}
	return free, more, err
}

// remove deletes tokens with all rows that refer to them, in one transaction. A token
// that has got a submission since it was chosen stays; once it is locked, none can
// arrive. If a submission becomes valid at the last moment, the foreign key keeps its
// token, and the transaction begins again.
func (p *pass) remove(ctx context.Context, tokens []int64, done float64) (submissions int, err error) {
	skipped := 0
	deleted, err := p.transaction(ctx, "submission", done, func(tx *sql.Tx, deleted map[string]int) (err error) {
		switch {
		case p.d.dialect == PostgreSQL:
			skipped, err = p.removeByOneStatement(ctx, tx, tokens, deleted)
		case p.isUnchanged:
			err = p.removeSurveyed(ctx, tx, tokens, deleted)
		default:
			skipped, err = p.removeLocked(ctx, tx, tokens, deleted)
		}
		return err
	})
	if p.d.dialect != SQLite { // it locks the whole file, so that a missing token does not exist
		p.skipped += skipped
	}
	p.deleted += deleted["submit_token"]
	return deleted["submission"], err
}
