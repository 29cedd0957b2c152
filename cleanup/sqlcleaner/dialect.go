package sqlcleaner

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Dialect is one of the databases that mosparo runs on.
type Dialect int

// The databases of mosparo.
const (
	SQLite Dialect = iota + 1
	MySQL          // and MariaDB
	PostgreSQL
)

// String names the dialect.
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "SQLite"
	case MySQL:
		return "MySQL"
	case PostgreSQL:
		return "PostgreSQL"
	}
	return "Dialect(" + strconv.Itoa(int(d)) + ")"
}

// Rebind returns a statement with the parameters of the dialect: question marks as
// they are, or $1, $2 and so on for PostgreSQL. Every question mark counts, also
// one in a text.
func (d Dialect) Rebind(query string) string {
	if d != PostgreSQL {
		return query
	}
	var b strings.Builder
	n := 0
	for i := range len(query) {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// no is the condition that a boolean column is false.
func (d Dialect) no(column string) string {
	if d == PostgreSQL {
		return column + " = FALSE"
	}
	return column + " = 0"
}

// text is a time or a date as the database itself writes it. Drivers make of a
// time what their settings say, and some texts are no time in some zone.
func (d Dialect) text(column string) string {
	switch d {
	case MySQL:
		return "CAST(" + column + " AS CHAR)"
	case PostgreSQL:
		return "to_char(" + column + ", 'YYYY-MM-DD HH24:MI:SS')"
	}
	return "CAST(" + column + " AS TEXT)"
}

// quote is the name of a table; "delay" is a word of some databases.
func (d Dialect) quote(table string) string {
	if d == MySQL {
		return "`" + table + "`"
	}
	return `"` + table + `"`
}

// deleteBy deletes the rows of a table whose column refers to a row of another
// that meets a condition on its alias s. MySQL and MariaDB read the whole
// table for a subquery there, but not for a join.
func (d Dialect) deleteBy(table, column, other, where string) string {
	if d == MySQL {
		return "DELETE r FROM " + table + " r JOIN " + other + " s ON s.id = r." + column + " WHERE " + where
	}
	return "DELETE FROM " + table + " WHERE " + column + " IN (SELECT s.id FROM " + other + " s WHERE " + where + ")"
}

// deleteAs deletes the rows of a table that meet a condition on an alias.
func (d Dialect) deleteAs(table, alias, where string) string {
	if d == MySQL {
		return "DELETE " + alias + " FROM " + table + " " + alias + " WHERE " + where
	}
	return "DELETE FROM " + table + " AS " + alias + " WHERE " + where
}

func (d Dialect) isKnown() bool { return d >= SQLite && d <= PostgreSQL }

// ErrUnknownDriver is wrapped by the error of [DialectOf].
var ErrUnknownDriver = errors.New("unknown database driver")

// DialectOf returns the dialect of a driver by its name in database/sql: "sqlite"
// or "sqlite3", "mysql", "pgx" or "postgres". For any other name, such as
// "mariadb", which is no driver's, the error wraps [ErrUnknownDriver].
func DialectOf(driver string) (Dialect, error) {
	switch driver {
	case "sqlite", "sqlite3":
		return SQLite, nil
	case "mysql":
		return MySQL, nil
	case "pgx", "postgres":
		return PostgreSQL, nil
	}
	return 0, fmt.Errorf("sqlcleaner: %w %q, want sqlite, sqlite3, mysql, pgx or postgres", ErrUnknownDriver, driver)
}
