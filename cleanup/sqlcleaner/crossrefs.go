package sqlcleaner

import (
	"context"
	"database/sql"
	"slices"
)

// A token's last_submission_id normally refers to one of its own submissions. If it
// refers to another token's, neither can be deleted before the reference is cleared.

// maxReferencing is how many tokens may refer to each other. mosparo makes no such
// references at all.
const maxReferencing = 1000

// referencing returns the token, the tokens whose last submission is one of its own, and
// so on transitively. due is false if not all of them are due, or if there are too many.
func (c *cleaning) referencing(ctx context.Context, id int64) (all []int64, due bool, err error) {
	all = []int64{id}
	for added := all; len(added) > 0; {
		found, err := c.d.readIDs(ctx, `SELECT DISTINCT o.id FROM submission r JOIN submit_token o ON o.last_submission_id = r.id
			WHERE `+c.d.dialect.idIn("r.submit_token_id", added)+` AND o.id <> r.submit_token_id ORDER BY o.id`)
		if err != nil {
			return nil, false, err
		}
		added = slices.DeleteFunc(found, func(n int64) bool { return slices.Contains(all, n) })
		if len(added) == 0 {
			break
		}
		if len(all)+len(added) > maxReferencing {
			return nil, false, nil
		}
		tokens, err := c.readSurvey(ctx, c.d.dialect.idIn("s.submit_token_id", added))
		if err != nil || !allDue(tokens, added) {
			return nil, false, err
		}
		all = append(all, added...)
	}
	slices.Sort(all)
	return all, true, nil
}

// allDue reports whether all these tokens have submissions, and only such that are due,
// by a survey of them.
func allDue(tokens []token, ids []int64) bool {
	inUse := func(t token) bool { return t.inUse > 0 }
	return len(tokens) == len(ids) && !slices.ContainsFunc(tokens, inUse)
}

// clearReferences sets last_submission_id to NULL in a due token and in those that refer
// to it, if all of them are due. It reports whether they are due, and whether it could
// lock and change them. If the run ends after that, the tokens are as due as before.
func (c *cleaning) clearReferences(ctx context.Context, id int64) (due, cleared bool, err error) {
	all, due, err := c.referencing(ctx, id)
	if err != nil || !due {
		return false, false, err
	}
	_, err = c.tx(ctx, func(tx *sql.Tx) error {
		locked, err := c.d.lockTokens(ctx, tx, all)
		if err != nil {
			return err
		}
		if cleared = len(locked) == len(all); !cleared {
			return nil
		}
		tokens, err := c.survey(ctx, tx, c.d.dialect.idIn("s.submit_token_id", all))
		if cleared = allDue(tokens, all); err != nil || !cleared {
			return err
		}
		_, err = c.d.exec(ctx, tx, "UPDATE submit_token SET last_submission_id = NULL WHERE "+c.d.dialect.idIn("id", all))
		return err
	})
	if err == nil {
		if cleared {
			c.throttle.wrote()
		}
		err = c.throttle.wait(ctx)
	}
	return true, cleared, err
}
