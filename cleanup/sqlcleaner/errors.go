package sqlcleaner

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cleanup"
)

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{cleanup.ErrRefused}, args...)...)
}

// conflicts are what databases say when two transactions met and one has to
// start again: locks, deadlocks, Galera's certification, and a foreign key to
// a row that arrived a moment ago. MariaDB may tell at the commit only that it
// has ended a transaction (1180). The drivers' types are not known here.
var (
	conflicts      = []string{"SQLITE_BUSY", "database is locked", "database table is locked", "Error 1213", "Error 1205", "Error 1451", "Error 1020", "Error 1180", "Deadlock found", "Lock wait timeout", "WSREP detected deadlock"}
	conflictStates = []string{"40001", "40P01", "55P03", "23503"}
)

// losses are what they say when the connection or the server went away, is not
// ready yet, or has as many connections as it takes: in all (1040, 53300), or of
// this user (1203, and 1226, which is also said of other limits that last an
// hour).
var (
	losses = []string{
		"invalid connection", "bad connection", "connection refused", "connection reset", "broken pipe", "unexpected EOF", "conn closed",
		"Error 1053", "Error 1047", "Error 1927", "Error 2006", "Error 2013", "Error 1040", "Error 1203", "'max_user_connections' resource",
	}
	lossStates = []string{"57P01", "57P02", "57P03", "53300"}
)

// readOnly are what they say when they have become a replica.
var (
	readOnly       = []string{"Error 1290", "Error 1792", "Error 1836"}
	readOnlyStates = []string{"25006"}
)

func matches(err error, states, texts []string) bool {
	var state interface{ SQLState() string }
	if errors.As(err, &state) && slices.Contains(states, state.SQLState()) {
		return true
	}
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(err.Error(), s) })
}

// isConflict reports whether a transaction may work when it is tried again.
func isConflict(err error) bool {
	return errors.Is(err, errAgain) || matches(err, conflictStates, conflicts)
}

// isLost reports whether it may work once the server is back.
func isLost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var op *net.OpError
	var state interface{ SQLState() string }
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op) ||
		errors.As(err, &state) && strings.HasPrefix(state.SQLState(), "08") || matches(err, lossStates, losses)
}

// errAgain ends a transaction that has to be done again.
var errAgain = errors.New("the rows have changed meanwhile")
