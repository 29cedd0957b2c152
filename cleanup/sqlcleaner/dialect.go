package sqlcleaner

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
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

// rebind numbers the question marks where the database wants that. No
// statement of this package has one in a text.
func (d Dialect) rebind(query string) string {
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

// conflicts are what databases say when two transactions met and one has to
// start again. The drivers' types are not known here.
var conflicts = []string{
	"SQLITE_BUSY", "database is locked", "database table is locked",
	"Error 1213", "Error 1205", "Deadlock found", "Lock wait timeout", "WSREP",
}

// isConflict reports whether a statement may work when it is tried again.
func isConflict(err error) bool {
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		switch state.SQLState() {
		case "40001", "40P01", "55P03":
			return true
		}
	}
	for _, c := range conflicts {
		if strings.Contains(err.Error(), c) {
			return true
		}
	}
	return false
}

// tries is how often a statement or transaction is tried in all.
const tries = 8

// retry runs f again after a conflict, after a short random time that grows.
func retry(ctx context.Context, f func() error) error {
	for i := 1; ; i++ {
		err := f()
		if err == nil || i == tries || !isConflict(err) {
			return err
		}
		t := time.NewTimer(5*time.Millisecond + rand.N(10*time.Millisecond<<i))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return errors.Join(context.Cause(ctx), err)
		}
	}
}
