package sqlcleaner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cleanup"
)

// Check implements [cleanup.Checker]. It returns nil if the server accepts writes, the user
// has the rights that a run needs (see [DB.CheckRights]), the tables have exactly the
// columns, foreign keys and migrations of mosparo 1.5, the server enforces the keys between
// the rows that a run deletes (SQLite need not), the clocks of server and node differ
// by less than five minutes, and the zone of the stored times is the configured one. It
// writes nothing. Its errors wrap [cleanup.ErrRefused] unless the database could not be
// reached. It does not check mosparo's version; [cleanup.CheckVersion] does.
//
// On MySQL a user without rights on a table does not see its foreign keys. The migrations
// reveal an additional table all the same.
func (d *DB) Check(ctx context.Context, p cleanup.Policy, s cleanup.Snapshot) error {
	for _, err := range d.Checks(ctx, p, s) {
		if err != nil {
			return err
		}
	}
	return nil
}

// Checks makes the checks of [DB.Check] one by one, also after one that has failed, and
// yields each with its error: "writable", "rights", "columns", "foreign_keys", "migrations",
// "clock" and "zone".
func (d *DB) Checks(ctx context.Context, p cleanup.Policy, s cleanup.Snapshot) iter.Seq2[string, error] {
	p = p.WithDefaults()
	return func(yield func(string, error) bool) {
		for _, c := range []struct {
			name  string
			check func(context.Context) error
		}{
			{"writable", func(ctx context.Context) error { return d.checkWritable(ctx, d.db) }},
			{"rights", d.checkRights},
			{"columns", d.checkColumns},
			{"foreign_keys", d.checkForeignKeys},
			{"migrations", d.checkMigrations},
			{"clock", d.checkClock},
			{"zone", func(ctx context.Context) error { return d.checkZone(ctx, p, s) }},
		} {
			err := c.check(ctx)
			if err != nil {
				err = fmt.Errorf("sqlcleaner: %w", err)
			}
			if !yield(c.name, err) {
				return
			}
		}
	}
}

// Ping reads a row, as mosparo's health check does.
func (d *DB) Ping(ctx context.Context) error {
	return d.retryOutage(ctx, opPing, func() error {
		return d.readOnce(ctx, func(q querier) error {
			_, err := d.selectIDs(ctx, q, "SELECT id FROM project ORDER BY id LIMIT 1")
			return err
		})
	})
}

// checkColumns compares the tables with mosparo's.
func (d *DB) checkColumns(ctx context.Context) error {
	query := map[Dialect]string{
		SQLite: "SELECT name FROM pragma_table_info(?)",
		MySQL:  "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
		// By the search path, as the statements of this package.
		PostgreSQL: "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass(CAST(? AS text)) AND attnum > 0 AND NOT attisdropped",
	}[d.dialect]
	for _, table := range sortedKeys(tables) {
		want := strings.Fields(tables[table])
		got, err := d.readTexts(ctx, query, table)
		if err != nil {
			return err
		}
		for _, column := range got {
			if !slices.Contains(want, column) {
				return refuse("column %s.%s is not one of mosparo 1.5", table, column)
			}
		}
		for _, column := range want {
			if !slices.Contains(got, column) {
				return refuse("table %s is not mosparo's, or this user may not read it: column %s is missing", table, column)
			}
		}
	}
	return nil
}

// checkForeignKeys refuses foreign keys that mosparo does not have, or that change other
// rows when one is deleted.
func (d *DB) checkForeignKeys(ctx context.Context) error {
	query := map[Dialect]string{
		SQLite: `SELECT m.name || '.' || f."from" || ' → ' || f."table" || CASE WHEN f.on_delete IN ('NO ACTION', 'RESTRICT') THEN '' ELSE ' ON DELETE ' || f.on_delete END FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
		MySQL: `SELECT CONCAT(k.table_name, '.', k.column_name, ' → ', k.referenced_table_name, IF(r.delete_rule IN ('NO ACTION', 'RESTRICT'), '', CONCAT(' ON DELETE ', r.delete_rule)))
			FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
			ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
			WHERE k.referenced_table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL`,
		PostgreSQL: `SELECT c.conrelid::regclass || '.' || a.attname || ' → ' || c.confrelid::regclass
			|| CASE c.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'n' THEN ' ON DELETE SET NULL' WHEN 'd' THEN ' ON DELETE SET DEFAULT' ELSE '' END FROM pg_catalog.pg_constraint c
			JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) WHERE c.contype = 'f'`,
	}[d.dialect]
	all, err := d.readTexts(ctx, query)
	if err != nil {
		return err
	}
	for _, key := range all {
		from, to, _ := strings.Cut(key, " → ")
		from, _, _ = strings.Cut(from, ".")
		to, _, _ = strings.Cut(to, " ON DELETE ")
		_, ours := tables[from]
		_, deleted := tables[to]
		if (ours || deleted && to != "project") && !slices.Contains(foreignKeys, key) {
			return refuse("the foreign key %s is not one of mosparo 1.5", key)
		}
	}
	return d.checkEnforced(ctx, all)
}

// checkEnforced refuses a server that does not enforce the keys between the rows that are
// deleted, as after an import into MyISAM tables: they keep the token of a submission that
// arrives during a transaction. SQLite does not enforce them, and has one writer at a time.
// found are the keys that the user sees.
func (d *DB) checkEnforced(ctx context.Context, found []string) error {
	if d.dialect == SQLite {
		return nil
	}
	if d.dialect == MySQL {
		if n, err := d.readNumber(ctx, "SELECT @@foreign_key_checks"); err != nil {
			return err
		} else if n == 0 {
			return refuse("the server does not enforce foreign keys (foreign_key_checks)")
		}
	}
	for _, key := range foreignKeys {
		from, to, _ := strings.Cut(key, " → ")
		if strings.HasPrefix(to, "project") || slices.Contains(found, key) {
			continue
		}
		table, column, _ := strings.Cut(from, ".")
		if exists, err := d.showsForeignKey(ctx, table, column, to); err != nil {
			return err
		} else if !exists {
			return refuse("the foreign key %s of mosparo 1.5 is missing", key)
		}
	}
	return nil
}

// showsForeignKey looks for a key in what MySQL shows of its table: MariaDB lists keys only
// for a user who may do more than read and delete.
func (d *DB) showsForeignKey(ctx context.Context, table, column, to string) (exists bool, err error) {
	if d.dialect != MySQL {
		return false, nil
	}
	var name, text string
	err = d.read(ctx, func(q querier) error {
		return q.QueryRowContext(ctx, "SHOW CREATE TABLE "+table).Scan(&name, &text)
	})
	text = strings.NewReplacer("`", "", `"`, "").Replace(text) // by sql_mode and sql_quote_show_create
	return strings.Contains(text, "FOREIGN KEY ("+column+") REFERENCES "+to+" ("), err
}

// checkMigrations refuses a database without the newest migration of mosparo 1.5, or with
// one that is not mosparo's.
func (d *DB) checkMigrations(ctx context.Context) error {
	done, err := d.readTexts(ctx, "SELECT version FROM "+migrationsTable+" ORDER BY version")
	if err != nil {
		if isLost(err) || ctx.Err() != nil {
			return err
		}
		return errors.Join(refuse("the migrations of mosparo cannot be read"), err)
	}
	for _, m := range done {
		if !slices.Contains(migrations[d.dialect], strings.TrimPrefix(m, migrationPrefix)) {
			return refuse("the migration %q is not one up to mosparo 1.5", m)
		}
	}
	if !slices.Contains(done, migrationPrefix+newestMigration) {
		return refuse("the migration %s of mosparo 1.5 has not been done", newestMigration)
	}
	return nil
}
