package sqlcleaner

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Dialect is the SQL dialect of a database that mosparo supports.
type Dialect int

const (
	// SQLite is SQLite 3.
	SQLite Dialect = iota + 1
	// MySQL is MySQL and MariaDB, with Galera.
	MySQL
	// PostgreSQL is PostgreSQL.
	PostgreSQL
)

// String returns the name of the dialect.
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

// Rebind returns a statement with the placeholders of the dialect: question marks, or $1,
// $2 and so on for PostgreSQL. It replaces every question mark, also in a string literal.
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

// isFalse returns the SQL condition that a boolean column is false.
func (d Dialect) isFalse(column string) string {
	if d == PostgreSQL {
		return column + " = FALSE"
	}
	return column + " = 0"
}

// asText returns the SQL expression of a time or a date as text. What a driver makes of a
// time depends on its settings, and not every text is a time in every zone.
func (d Dialect) asText(column string) string {
	switch d {
	case MySQL:
		return "CAST(" + column + " AS CHAR)"
	case PostgreSQL:
		return "to_char(" + column + ", 'YYYY-MM-DD HH24:MI:SS')"
	}
	return "CAST(" + column + " AS TEXT)"
}

// quote returns the quoted name of a table; "delay" is a reserved word.
func (d Dialect) quote(table string) string {
	if d == MySQL {
		return "`" + table + "`"
	}
	return `"` + table + `"`
}

// deleteBy returns a statement that deletes the rows of a table whose column refers to a
// row of another table that meets a condition on the alias s. With a subquery MySQL and
// MariaDB would read the whole table, with a join they do not.
func (d Dialect) deleteBy(table, column, other, where string) string {
	if d == MySQL {
		return "DELETE r FROM " + table + " r JOIN " + other + " s ON s.id = r." + column + " WHERE " + where
	}
	return "DELETE FROM " + table + " WHERE " + column + " IN (SELECT s.id FROM " + other + " s WHERE " + where + ")"
}

// deleteAs returns a statement that deletes the rows of a table that meet a condition on
// an alias.
func (d Dialect) deleteAs(table, alias, where string) string {
	if d == MySQL {
		return "DELETE " + alias + " FROM " + table + " " + alias + " WHERE " + where
	}
	return "DELETE FROM " + table + " AS " + alias + " WHERE " + where
}

func (d Dialect) isKnown() bool { return d >= SQLite && d <= PostgreSQL }

// ErrUnknownDriver is wrapped by the error of [DialectOf]. For operators, "What can go
// wrong" in examples/deploy/README.md says what to do.
var ErrUnknownDriver = errors.New("unknown database driver")

// DialectOf returns the dialect of a driver by its name in database/sql: "sqlite" or
// "sqlite3", "mysql", "pgx" or "postgres". For any other name, such as "mariadb", the
// error wraps [ErrUnknownDriver].
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
