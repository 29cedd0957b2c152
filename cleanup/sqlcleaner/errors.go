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

// refuse returns an error that wraps [cleanup.ErrRefused].
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{cleanup.ErrRefused}, args...)...)
}

// conflictTexts and conflictStates are in the errors of a transaction that has to be
// repeated since another one was in its way: locks, deadlocks, Galera's certification, and
// a foreign key to a row that has just been inserted. MariaDB may report only at the commit
// that it has ended a transaction (1180). They are texts since this package links no driver
// whose types it could use.
var (
	conflictTexts  = []string{"SQLITE_BUSY", "database is locked", "database table is locked", "Error 1213", "Error 1205", "Error 1451", "Error 1020", "Error 1180", "Error 3572", "Deadlock found", "Lock wait timeout", "WSREP detected deadlock"}
	conflictStates = []string{"40001", "40P01", "55P03", foreignKeyViolation}
)

// foreignKeyViolation is PostgreSQL's SQL state.
const foreignKeyViolation = "23503"

// lossTexts and lossStates are in the errors of a lost connection and of a server that has
// ended, is not ready yet, or accepts no more connections: in all (1040, 53300) or of this
// user (1203 and 1226; 1226 also stands for other limits, which last for an hour).
var (
	lossTexts = []string{
		"invalid connection", "bad connection", "connection refused", "connection reset", "broken pipe", "unexpected EOF", "conn closed",
		"Error 1053", "Error 1047", "Error 1927", "Error 2006", "Error 2013", "Error 1040", "Error 1203", "'max_user_connections' resource",
	}
	lossStates = []string{"57P01", "57P02", "57P03", "53300"}
)

// readOnlyTexts and readOnlyStates are in the errors of a server that has become a replica.
var (
	readOnlyTexts  = []string{"Error 1290", "Error 1792", "Error 1836"}
	readOnlyStates = []string{"25006"}
)

// matches reports whether an error has one of the SQL states or texts.
func matches(err error, states, texts []string) bool {
	var state interface{ SQLState() string }
	if errors.As(err, &state) && slices.Contains(states, state.SQLState()) {
		return true
	}
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(err.Error(), s) })
}

// isConflict reports whether a transaction may succeed if it is repeated.
func isConflict(err error) bool {
	return errors.Is(err, errAgain) || matches(err, conflictStates, conflictTexts)
}

// isLost reports whether a transaction may succeed once the server is back.
func isLost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var op *net.OpError
	var state interface{ SQLState() string }
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op) ||
		errors.As(err, &state) && strings.HasPrefix(state.SQLState(), "08") || matches(err, lossStates, lossTexts)
}

// errAgain ends a transaction that has to be repeated.
var errAgain = errors.New("the rows have changed meanwhile")
