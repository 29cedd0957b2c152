package cleanup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
)

// owners are the nodes of the rows, the newest first.
func owners(t *testing.T, n *cleanup.Scheduler) (all []string) {
	t.Helper()
	runs, err := n.History(t.Context(), 100)
	require.NoError(t, err)
	for _, r := range runs {
		switch {
		case r.IsGo():
			require.False(t, r.NodeUnknown)
			all = append(all, "Go")
		case r.NodeUnknown:
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
	require.Equal(c.t, cleanup.ResultCompleted, a.Result)
}

func (c *cluster) cleanInPHP() {
	c.t.Helper()
	time.Sleep(time.Second)
	r, err := c.php().Cleanup(c.t.Context(), cleanup.ExecutorCommand)
	require.NoError(c.t, err)
	require.Equal(c.t, cleanup.ResultCompleted, r)
}

func TestHistory_ANodeBeforeItsBeginningIsUnknown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		observer := c.node(cleanup.ModeObserve)
		c.cleanInPHP()
		require.Equal(t, []string{"unknown"}, owners(t, observer), "no Go node has noted anything yet")
		c.clean(c.node(cleanup.ModeClean))
		c.cleanInPHP()
		require.Equal(t, []string{"PHP", "Go", "unknown"}, owners(t, observer))

		_, err := c.adapter.Flush(t.Context()) // Redis without persistence is restarted
		require.NoError(t, err)
		require.Equal(t, []string{"unknown", "unknown", "unknown"}, owners(t, observer))
		c.clean(c.node(cleanup.ModeClean))
		c.cleanInPHP()
		require.Equal(t, []string{"PHP", "Go", "unknown", "unknown", "unknown"}, owners(t, observer))
	})
}

// A server that saves now and then comes back with the history of some time ago.
func TestHistory_BeginsAnewWhenTheCacheHasLostANote(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		a, b, observer := c.node(cleanup.ModeClean), c.node(cleanup.ModeClean), c.node(cleanup.ModeObserve)
		c.clean(a)
		saved, err := c.adapter.Get(t.Context(), string(runhistory.Key))
		require.NoError(t, err)
		c.clean(a)
		c.clean(b)
		c.put(string(runhistory.Key), saved[0])
		require.Equal(t, []string{"unknown", "Go", "Go"}, owners(t, a), "it knows its own runs, and that a note is missing")
		c.clean(a)
		require.Equal(t, []string{"Go", "unknown", "unknown", "unknown"}, owners(t, observer))
	})
}

func TestHistory_KnowsARunWhoseEndCouldNotBeSaved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.clean(c.node(cleanup.ModeClean))
		time.Sleep(time.Second)
		started := time.Now().UTC()
		// Its row was written, history and marker were not.
		id := c.db.Add(cleanup.Run{Time: started, Status: cleanup.StatusComplete})
		r := crashedRecord(id, cleanup.ExecutorFrontendAPI, started)
		r.Status = int(cleanup.StatusComplete)
		c.trace(r)
		c.clean(c.node(cleanup.ModeClean))
		require.Equal(t, []string{"Go", "Go", "Go"}, owners(t, c.node(cleanup.ModeObserve)))
	})
}

func TestHistory_KeepsTheNewestFiftyNotes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		n := c.node(cleanup.ModeClean)
		for range 52 {
			c.clean(n)
		}
		got := owners(t, c.node(cleanup.ModeObserve))
		require.Equal(t, "Go", got[49])
		require.Equal(t, []string{"unknown", "unknown"}, got[50:])
	})
}
