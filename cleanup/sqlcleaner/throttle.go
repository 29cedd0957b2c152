package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// The work of a run is what it does on the database: while it works others may
// have to wait, for its locks or for the machine. A pause follows when as much of
// it is owed as others can use.
const (
	// busyRatio is the pause for each unit of work beside other writers. They
	// keep four fifths of the time, and a run takes about five times as long as
	// its work alone.
	busyRatio = 4.0
	// firstRatio is that of a run that does not know yet whether there are any.
	firstRatio = 1.0
	mostPause  = time.Second
)

// idleRatio is the pause for each unit of work while nobody else writes, and
// leastPause the shortest one. Clients that wait for SQLite look for its lock
// after 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 and then every 100 ms, so that
// one which has waited for a quarter of a second gets it within 60 ms. On the other
// databases a pause only has to be long enough to see whether anybody writes.
func (d Dialect) idleRatio() float64 {
	if d == SQLite {
		return 0.25
	}
	return 0.1
}

func (d Dialect) leastPause() time.Duration {
	if d == SQLite {
		return 60 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// throttle makes a run pause: long where other clients write, and else just
// often enough to notice when they begin to. It looks for writes during its
// pauses, in which the run itself writes nothing.
type throttle struct {
	d          *DB
	ratio      float64
	work, rest time.Duration // since the last pause
	idle       time.Time     // when the last transaction ended, or the last pause
}

func newThrottle(d *DB) throttle { return throttle{d: d, ratio: firstRatio, idle: time.Now()} }

// skip leaves the time since the last transaction out: it was not spent on the
// tables.
func (t *throttle) skip() { t.idle = time.Now() }

// add counts a transaction that was asked for at one time and began at another:
// in between, it waited for others.
func (t *throttle) add(asked, began time.Time) {
	now := time.Now()
	t.work += asked.Sub(t.idle) + now.Sub(began)
	t.rest += began.Sub(asked)
	t.idle = now
}

// wait pauses if enough is owed.
func (t *throttle) wait(ctx context.Context) error {
	owed := time.Duration(t.ratio*float64(t.work)) - t.rest
	if owed > 0 && owed < t.d.dialect.leastPause() {
		return nil
	}
	t.work, t.rest = 0, 0
	if owed <= 0 {
		return nil
	}
	owed = min(owed, mostPause)
	since := time.Now()
	before, known := t.d.writes(ctx)
	if err := pause(ctx, owed-time.Since(since)); err != nil {
		return err
	}
	after, stillKnown := t.d.writes(ctx)
	if known && stillKnown && before == after {
		t.ratio = max(t.ratio/2, t.d.dialect.idleRatio())
	} else {
		t.ratio = busyRatio
	}
	t.idle = time.Now()
	t.rest = t.idle.Sub(since) - owed // SQLite keeps readers waiting, too
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// writes returns a mark that changes when a client writes: to the file on
// SQLite, to any database of the server on the others. It needs no rights. What
// cannot be asked is not known.
func (d *DB) writes(ctx context.Context) (mark string, known bool) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return "", false
	}
	defer conn.Close()
	err = d.each(ctx, conn, func(rows *sql.Rows) error {
		var name, value string
		err := rows.Scan(&name, &value)
		mark += name + " " + value + "\n"
		return err
	}, map[Dialect]string{
		// It tells nothing of the connection that asks, and is its own number.
		SQLite: "SELECT 'data_version', data_version FROM pragma_data_version",
		// Galera counts there what other nodes wrote.
		MySQL:      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_insert', 'Com_update', 'Com_delete', 'Com_replace', 'wsrep_last_committed')",
		PostgreSQL: "SELECT 'xmax', CAST(txid_snapshot_xmax(txid_current_snapshot()) AS text)", // only who writes gets a number
	}[d.dialect])
	if d.dialect == SQLite && err == nil {
		err = conn.Raw(func(c any) error {
			if v := reflect.ValueOf(c); v.Kind() == reflect.Pointer {
				mark += fmt.Sprint(v.Pointer())
			}
			return nil
		})
	}
	return strings.TrimSpace(mark), err == nil && mark != ""
}
