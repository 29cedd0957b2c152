package cleanup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
)

// owners are the nodes of the rows, the newest first.
func owners(t *testing.T, n *cleanup.Scheduler) (all []string) {
	t.Helper()
	runs, err := n.History(t.Context(), 100)
	require.NoError(t, err)
	for _, r := range runs {
		switch {
		case r.Go:
			require.False(t, r.Unknown)
			all = append(all, "Go")
		case r.Unknown:
			all = append(all, "unknown")
		default:
			all = append(all, "PHP")
		}
	}
	return all
}

// clean runs the cleanup on a node, a second after the one before.
func (c *cluster) clean(n *cleanup.Scheduler) {
	c.t.Helper()
	time.Sleep(time.Second)
	a, err := n.TryRun(c.t.Context(), cleanup.ExecutorCommand)
	require.NoError(c.t, err)
	require.Equal(c.t, cleanup.Completed, a.Result)
}

func (c *cluster) cleanInPHP() {
	c.t.Helper()
	time.Sleep(time.Second)
	r, err := c.php().Cleanup(c.t.Context(), cleanup.ExecutorCommand)
	require.NoError(c.t, err)
	require.Equal(c.t, cleanup.Completed, r)
}

func TestHistory_SaysUnknownWhereTheCacheDoesNotReachBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		observer := c.node(cleanup.Observe)
		c.cleanInPHP()
		require.Equal(t, []string{"unknown"}, owners(t, observer), "no Go node has noted anything yet")
		c.clean(c.node(cleanup.Clean))
		c.cleanInPHP()
		require.Equal(t, []string{"PHP", "Go", "unknown"}, owners(t, observer))

		_, err := c.adapter.Flush(t.Context()) // Redis without persistence is restarted
		require.NoError(t, err)
		require.Equal(t, []string{"unknown", "unknown", "unknown"}, owners(t, observer))
		c.clean(c.node(cleanup.Clean))
		c.cleanInPHP()
		require.Equal(t, []string{"PHP", "Go", "unknown", "unknown", "unknown"}, owners(t, observer))
	})
}

// A server that saves now and then comes back with the history of some time ago.
func TestHistory_BeginsAnewWhenTheCacheHasLostANote(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		a, b, observer := c.node(cleanup.Clean), c.node(cleanup.Clean), c.node(cleanup.Observe)
		c.clean(a)
		saved, err := c.adapter.Get(t.Context(), string(cleanup.HistoryKey))
		require.NoError(t, err)
		c.clean(a)
		c.clean(b)
		c.put(string(cleanup.HistoryKey), saved[0])
		require.Equal(t, []string{"unknown", "Go", "Go"}, owners(t, a), "it knows its own runs, and that a note is missing")
		c.clean(a)
		require.Equal(t, []string{"Go", "unknown", "unknown", "unknown"}, owners(t, observer))
	})
}

func TestHistory_KnowsARunWhoseEndCouldNotBeSaved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.clean(c.node(cleanup.Clean))
		time.Sleep(time.Second)
		started := time.Now().UTC()
		// Its row was written, history and marker were not.
		id := c.db.Add(cleanup.Row{Time: started, Status: cleanup.StatusComplete})
		r := died(id, cleanup.ExecutorFrontendAPI, started)
		r.Status = cleanup.StatusComplete
		c.trace(r)
		c.clean(c.node(cleanup.Clean))
		require.Equal(t, []string{"Go", "Go", "Go"}, owners(t, c.node(cleanup.Observe)))
	})
}

func TestHistory_KeepsTheNewestFiftyNotes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		n := c.node(cleanup.Clean)
		for range 52 {
			c.clean(n)
		}
		got := owners(t, c.node(cleanup.Observe))
		require.Equal(t, "Go", got[49])
		require.Equal(t, []string{"unknown", "unknown"}, got[50:])
	})
}
