package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/cleanup"
)

// RightsError is the error of a user of the database who lacks rights. It wraps
// [cleanup.ErrRefused]. For operators, "What can go wrong" in examples/deploy/README.md
// says what to do.
type RightsError struct {
	// User is the user as in a GRANT statement.
	User string
	// Grants are the statements that grant the missing rights.
	Grants []string
}

func (e *RightsError) Error() string {
	return fmt.Sprintf("%v: the database user %s lacks rights: %s", cleanup.ErrRefused, e.User, strings.Join(e.Grants, "; "))
}

// Unwrap returns [cleanup.ErrRefused].
func (e *RightsError) Unwrap() error { return cleanup.ErrRefused }

// CheckRights returns a [*RightsError] if the user of the database lacks rights that this
// package needs, and otherwise nil or an error of the database. It writes nothing: it has
// the server explain statements that match no row. It does not report missing tables;
// [DB.Check], which calls CheckRights first, does. On SQLite it checks that the file can be
// written, for which an empty transaction takes the write lock for a moment.
func (d *DB) CheckRights(ctx context.Context) error {
	err := d.checkRights(ctx)
	if err != nil {
		err = fmt.Errorf("sqlcleaner: %w", err)
	}
	return err
}

func (d *DB) checkRights(ctx context.Context) error {
	if d.dialect == SQLite {
		return d.checkFile(ctx)
	}
	var missing []right
	for _, r := range rights() {
		lacks, err := d.lacks(ctx, r)
		if err != nil {
			return err
		}
		if lacks {
			missing = append(missing, r)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	user, err := d.user(ctx)
	if err != nil {
		return err
	}
	return &RightsError{User: user, Grants: grants(d.dialect, user, missing)}
}

// lacks reports whether the server refuses a right: it checks the rights of a statement
// before it explains it.
func (d *DB) lacks(ctx context.Context, r right) (bool, error) {
	err := d.retryOutage(ctx, opRead, func() error {
		return d.scanRows(ctx, d.db, func(*sql.Rows) error { return nil }, "EXPLAIN "+fmt.Sprintf(r.probe, d.dialect.quote(r.table)))
	})
	switch {
	case err == nil || matches(err, []string{"42P01", "42703"}, []string{"Error 1146", "Error 1054", "Error 1064"}): // no such table or column, or a server that explains only queries
		return false, nil
	case matches(err, []string{"42501"}, []string{"Error 1142", "Error 1143", "Error 1044"}):
		return true, nil
	}
	return false, err
}

// user returns the user that the server has authenticated, as in a GRANT statement.
func (d *DB) user(ctx context.Context) (string, error) {
	query := "SELECT quote_ident(current_user)"
	if d.dialect == MySQL {
		query = "SELECT CURRENT_USER()"
	}
	all, err := d.readTexts(ctx, query)
	if err != nil {
		return "", err
	}
	user := all[0]
	if d.dialect == MySQL {
		i := strings.LastIndexByte(user, '@')
		if i < 0 {
			return quoteText(user), nil
		}
		user = quoteText(user[:i]) + "@" + quoteText(user[i+1:])
	}
	return user, nil
}

func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'"
}

// checkFile checks that SQLite can write to the file.
func (d *DB) checkFile(ctx context.Context) error {
	err := d.transactIdempotent(ctx, func(_ *sql.Conn, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM cleanup_statistic WHERE 1 = 0"); err != nil {
			return err
		}
		return errNothingToCommit
	})
	switch {
	case err != nil && strings.Contains(err.Error(), "no such table"):
		return nil
	case err != nil && strings.Contains(err.Error(), "readonly database"):
		return errors.Join(refuse("the database file cannot be written"), err)
	}
	return err
}
