package sqlcleaner_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// order is what a child process gets in its environment: the test binary is its
// own child.
type order struct {
	Driver, DSN string
	Dialect     sqlcleaner.Dialect
	Policy      cleanup.Policy
}

// child cleans once, and says when it begins and ends, and every transaction.
func child(spec string) {
	var o order
	err := json.Unmarshal([]byte(spec), &o)
	if err == nil {
		var db *sql.DB
		if db, err = sql.Open(o.Driver, o.DSN); err == nil {
			fmt.Println("BEGINS")
			tell := sqlcleaner.WithProgress(func(p sqlcleaner.Progress) { fmt.Println(p.Step) })
			_, err = sqlcleaner.New(db, o.Dialect, o.Policy, tell).Clean(context.Background(), cleanup.Limits{Rows: 40})
		}
	}
	fmt.Println("ENDED", err)
}

// killed cleans in a process that is killed some time after some of its
// transactions.
func killed(t *testing.T, db *database, p cleanup.Policy, transactions int, after time.Duration) {
	t.Helper()
	spec, err := json.Marshal(order{db.driver, db.dsn, db.dialect, p})
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SQLCLEANER_CHILD="+string(spec))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; n <= transactions && lines.Scan(); n++ {
		continue
	}
	time.Sleep(after)
	require.NoError(t, cmd.Process.Kill())
	for lines.Scan() {
		continue
	}
	_ = cmd.Wait()
}

// A node is killed at random points; whatever it leaves, the next one leaves
// what an undisturbed run does.
func TestClean_IsFinishedByAnotherAfterKill9(t *testing.T) {
	kills := 3
	if *long {
		kills = 50
	}
	onEach(t, func(t *testing.T, db *database) {
		inTheMiddle := 0
		for n := range kills {
			db.empty()
			r := rand.New(rand.NewPCG(uint64(n), 11))
			w := random(r, 300)
			now := time.Now().UTC()
			w.fill(db, now)
			before := len(w.subs)
			killed(t, db, w.policy, r.IntN(15), time.Duration(r.IntN(20_000))*time.Microsecond)
			left := len(db.ids("submission"))
			exhaust(t, sqlcleaner.New(db.DB, db.dialect, w.policy), cleanup.Limits{})
			w.exhaust(now, db.dialect)
			w.holds(db)
			if left < before && left > len(w.subs) {
				inTheMiddle++
			}
		}
		t.Logf("%d of %d processes died between their first and their last delete of submissions", inTheMiddle, kills)
	})
}
