package sqlcleaner

import (
	"context"
	"database/sql"
	"slices"
)

// untie lets tokens that go together forget their last submissions. If the run
// ends after that, they are as due as they were.
func (w *pass) untie(ctx context.Context, id int64) (free bool, err error) {
	all, free, err := w.tied(ctx, id)
	if err != nil || !free {
		return false, err
	}
	_, err = w.tx(ctx, func(tx *sql.Tx) error {
		locked, err := w.d.lock(ctx, tx, "submit_token", all)
		if err != nil {
			return err
		}
		if free = len(locked) == len(all); !free {
			return nil
		}
		tokens, err := w.survey(ctx, tx, w.d.dialect.keys("s.submit_token_id", all))
		if free = allDue(tokens, all); err != nil || !free {
			return err
		}
		_, err = w.d.exec(ctx, tx, "UPDATE submit_token SET last_submission_id = NULL WHERE "+w.d.dialect.keys("id", all))
		return err
	})
	if err == nil && !free {
		w.left++
	}
	if err == nil {
		err = w.others.wait(ctx)
	}
	return free, err
}

// mostTied is how many tokens may hang together. mosparo ties none.
const mostTied = 1000

// tied finds the tokens that name a submission of this one as their last, those
// that name one of theirs, and so on. It is free if all of them are due.
func (c *cleaning) tied(ctx context.Context, id int64) (all []int64, free bool, err error) {
	all = []int64{id}
	for added := all; len(added) > 0; {
		names, err := c.d.ids(ctx, `SELECT DISTINCT o.id FROM submission r JOIN submit_token o ON o.last_submission_id = r.id
			WHERE `+c.d.dialect.keys("r.submit_token_id", added)+` AND o.id <> r.submit_token_id ORDER BY o.id`)
		if err != nil {
			return nil, false, err
		}
		added = slices.DeleteFunc(names, func(n int64) bool { return slices.Contains(all, n) })
		if len(added) == 0 {
			break
		}
		if len(all)+len(added) > mostTied {
			return nil, false, nil
		}
		tokens, err := c.surveyed(ctx, c.d.dialect.keys("s.submit_token_id", added))
		if err != nil || !allDue(tokens, added) {
			return nil, false, err
		}
		all = append(all, added...)
	}
	slices.Sort(all)
	return all, true, nil
}

// allDue reports whether all these tokens have submissions, and only such that
// are due, by a survey of them.
func allDue(tokens []token, ids []int64) bool {
	inUse := func(t token) bool { return t.inUse > 0 }
	return len(tokens) == len(ids) && !slices.ContainsFunc(tokens, inUse)
}
