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
	"slices"
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
	Visitors    int64 // not 0: submit forms instead, with ids from here on
}

// childRows is how many submissions a child deletes in a transaction, more only
// by those of its last token.
const childRows = 10

// child cleans once. It names the step of every transaction that it has committed,
// and waits for a line before it continues.
func child(spec string) {
	var o order
	err := json.Unmarshal([]byte(spec), &o)
	if err == nil && o.Visitors != 0 {
		if err := o.visit(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err == nil {
		var db *sql.DB
		if db, err = sql.Open(o.Driver, o.DSN); err == nil {
			in := bufio.NewScanner(os.Stdin)
			tell := sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
				fmt.Println(p.Step)
				in.Scan()
			})
			_, err = sqlcleaner.New(db, o.Dialect, tell).Clean(context.Background(), cleanup.Job{Policy: o.Policy, Limits: cleanup.Limits{Rows: childRows}})
		}
	}
	fmt.Println("ENDED", err)
}

// killed cleans in a process that is killed after some transactions that delete
// submissions, before, in or after the next one: random is a part of the time
// that they take, which it is given after the last of them.
func killed(t *testing.T, db *database, p cleanup.Policy, transactions int, random float64) {
	t.Helper()
	spec, err := json.Marshal(order{Driver: db.driver, DSN: db.dsn, Dialect: db.dialect, Policy: p})
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SQLCLEANER_CHILD="+string(spec))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var took time.Duration
	began := time.Now()
	lines := bufio.NewScanner(out)
	for n := 0; n < transactions; {
		require.True(t, lines.Scan(), "the process has ended by itself")
		if step := lines.Text(); step == "submission" {
			took = max(took, time.Since(began))
			n++
		} else {
			require.NotContains(t, step, "ENDED")
		}
		began = time.Now()
		_, err := fmt.Fprintln(in)
		require.NoError(t, err)
	}
	time.Sleep(time.Duration(random * float64(took)))
	require.NoError(t, cmd.Process.Kill())
	for lines.Scan() {
		continue
	}
	_ = cmd.Wait()
}

// A node is killed at random points; afterwards the next one leaves
// what an undisturbed run does.
func TestClean_IsFinishedByAnotherAfterKill9(t *testing.T) {
	kills := 2
	if *long {
		kills = 50
	}
	onEach(t, func(t *testing.T, db *database) {
		for n := range kills {
			db.empty()
			r := rand.New(rand.NewPCG(uint64(n), 11))
			w := random(r, 300)
			now := time.Now().UTC()
			w.fill(db, now)
			before, free := len(w.subs), w.free()
			going := len(slices.DeleteFunc(slices.Clone(w.subs), func(s submission) bool { return !free[s.token] }))
			transactions := going / (childRows + mostOfToken)
			require.Greater(t, transactions, 2, "%d submissions go", going)
			killed(t, db, w.policy, 1+r.IntN(transactions-2), r.Float64())
			left := len(db.ids("submission"))
			require.Less(t, left, before, "the process was killed before it had deleted any submission")
			exhaust(t, sqlcleaner.New(db.DB, db.dialect), cleanup.Job{Policy: w.policy})
			w.exhaust(now, db.dialect)
			require.Greater(t, left, len(w.subs), "the process was killed after it had deleted all submissions")
			w.holds(db)
		}
	})
}
