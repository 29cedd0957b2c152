package cleanup_test

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
)

var (
	phpRounds = flag.Int("php.rounds", 30, "rounds of PHP and Go processes that start together; a fifth without MOSPARO_TEST_LONG=1")
	phpLong   = flag.Duration("php.long", 70*time.Second, "how long the long run beside forced PHP runs is; there is none without MOSPARO_TEST_LONG=1")
)

//go:embed testdata/phpnode.php
var phpNodeSource string

// startPHP is a PHP process that does mosparo's steps.
func (c *realCluster) startPHP(php *servers.PHPRuntime, policy cleanup.Policy) *process {
	c.t.Helper()
	policy = policy.WithDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := php.Command(ctx, phpNodeSource, c.redis.Addr(), c.data.pdo, c.data.user, c.data.password,
		fmt.Sprintf("PT%dH", int(policy.ProcessInterval/time.Hour)), fmt.Sprintf("PT%dM", int(policy.UnfinishedInterval/time.Minute)))
	return c.run(cmd, cancel)
}

// attempt is what a PHP process answers.
type attempt struct {
	result string
	gap    time.Duration // the longer of those between look, second look and row
}

func (p *process) attempt(t *testing.T) attempt {
	t.Helper()
	line, ok := p.line("RESULT")
	require.True(t, ok, "a PHP process has ended")
	var a attempt
	var ms int
	_, err := fmt.Sscan(line, &a.result, &ms)
	if a.result == "COMPLETED" {
		require.NoError(t, err, line)
	}
	a.gap = time.Duration(ms+1) * time.Millisecond
	return a
}

func (p *process) send(t *testing.T, format string, args ...any) {
	t.Helper()
	_, err := fmt.Fprintf(p.in, format+"\n", args...)
	require.NoError(t, err)
}

// Go and PHP processes start within 65 ms when the cleanup is due. A Go node
// that has cleaned was alone with that, unless the PHP process hung for longer
// than the guard time between its look at the schedule, its look for unknown
// rows, and its own row.
func TestCluster_GoNodesWithdrawForPHPProcesses(t *testing.T) {
	if spec := os.Getenv("CLEANUP_NODE"); spec != "" {
		child(t, spec)
		return
	}
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { besidePHP(t, servers.PHP(t, "redis", "pdo_sqlite"), sqliteFile(t)) })
	t.Run("MariaDB", func(t *testing.T) { besidePHP(t, servers.PHP(t, "redis", "pdo_mysql"), mariaDB(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { besidePHP(t, servers.PHP(t, "redis", "pdo_pgsql"), postgreSQL(t)) })
}

func besidePHP(t *testing.T, php *servers.PHPRuntime, data storage) {
	c := newRealCluster(t, data)
	c.guard = guard
	gos := []*process{c.start(), c.start()}
	phps := []*process{c.startPHP(php, cleanup.Policy{}), c.startPHP(php, cleanup.Policy{})}
	rounds := *phpRounds
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		rounds = (rounds + 4) / 5
	}
	byGo, byPHP, stalled := 0, 0, 0
	for round := range rounds {
		c.due()
		n := round % (len(phps) + 1) // none, one or two of them
		for _, p := range phps[:n] {
			p.send(t, "2 %d %d", rand.IntN(20), 1+rand.IntN(100))
		}
		for _, g := range gos {
			time.Sleep(rand.N(33 * time.Millisecond))
			g.tryRun(t)
		}
		ran := 0
		for _, g := range gos {
			result, ok := g.line("RESULT")
			require.True(t, ok)
			require.True(t, strings.HasSuffix(result, "<nil>"), result)
			if strings.HasPrefix(result, "completed") {
				ran++
			}
		}
		require.LessOrEqual(t, ran, 1, "round %d: two Go nodes", round)
		others := 0
		for _, p := range phps[:n] {
			a := p.attempt(t)
			if a.result != "COMPLETED" {
				continue
			}
			others++
			if ran > 0 {
				require.Greater(t, a.gap, c.guard, "round %d: a Go node cleaned beside a PHP process that had not hung", round)
				stalled++
			}
		}
		require.Positive(t, ran+others, "round %d: no node cleaned", round)
		byGo, byPHP = byGo+ran, byPHP+others
	}
	t.Logf("%d rounds: %d runs of Go, %d of PHP, %d beside a Go run by processes that hung", rounds, byGo, byPHP, stalled)
}

// Forced PHP runs look at rows of unknown status younger than the unfinished
// interval only, which here is the shortest that mosparo allows.
func TestCluster_AForcedPHPProcessWaitsForALongGoRun(t *testing.T) {
	if spec := os.Getenv("CLEANUP_NODE"); spec != "" {
		child(t, spec)
		return
	}
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("it lasts longer than the shortest unfinished interval, one minute; runs with MOSPARO_TEST_LONG=1")
	}
	t.Parallel()
	php := servers.PHP(t, "redis", "pdo_sqlite")
	c := newRealCluster(t, sqliteFile(t))
	c.unfinished = 1
	node, other := c.start(), c.startPHP(php, cleanup.Policy{UnfinishedInterval: time.Minute})
	c.due()
	require.NoError(t, c.rdb.Set(t.Context(), "test:hold", "1", 0).Err())
	node.tryRun(t)
	require.Eventually(t, func() bool { return c.rdb.Exists(t.Context(), "test:runs").Val() == 1 }, 20*time.Second, 5*time.Millisecond)
	tries := 0
	for end := time.Now().Add(*phpLong); time.Now().Before(end); tries++ {
		other.send(t, "1 0 %d", 10+rand.IntN(490))
		require.Equal(t, "UNFINISHED_CLEANUP_STATISTIC_OBJECT", other.attempt(t).result)
		other.send(t, "2 0 1")
		require.Equal(t, "CLEANUP_RUNNING_ALREADY", other.attempt(t).result)
		time.Sleep(min(*phpLong/30, time.Minute))
	}
	require.NoError(t, c.rdb.Del(t.Context(), "test:hold").Err())
	result, ok := node.line("RESULT")
	require.True(t, ok)
	require.Equal(t, "completed <nil>", result)
	other.send(t, "2 0 1")
	require.Equal(t, "NEXT_CLEANUP_IN_THE_FUTURE", other.attempt(t).result)
	other.send(t, "1 0 1")
	require.Equal(t, "COMPLETED", other.attempt(t).result)
	require.Equal(t, "1", c.rdb.Get(t.Context(), "test:runs").Val())
	t.Logf("%d forced PHP runs were refused in %v", tries, *phpLong)
}
