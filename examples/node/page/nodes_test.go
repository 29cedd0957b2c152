package page_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/node/page"
)

func TestNodes_AreSeenWithTheirDifferences(t *testing.T) {
	c := newClusterWith(t, installed(t, "one"))
	c.next(time.Hour)
	c.other("web-2", installed(t, "one"))
	c.start()
	p := page.New(c.node)
	require.Eventually(t, func() bool { // this node has taken its fingerprints
		o, err := c.node.Nodes.Overview(t.Context())
		return err == nil && o.Listed && o.Nodes[0].Fingerprints.Key != ""
	}, time.Minute, 10*time.Millisecond)
	body := content(get(t.Context(), p, "/"))
	require.Contains(t, body, ">web-2</th>")
	require.Contains(t, body, "<small>this node</small>")
	require.Contains(t, body, "mosparo 1.5.4")
	require.Contains(t, body, ">All is well</h2>")

	const hostile = "<web>\u202e-3"
	c.other(hostile, installed(t, "another"))
	body = content(get(t.Context(), page.New(c.node), "/"))
	require.Contains(t, body, ">The nodes differ</h2>")
	require.Contains(t, body, "&lt;web&gt;�-3 differs from most nodes in the setting mosparo_name since ")
	require.NotContains(t, body, "\u202e")
}

func TestNodes_OfANodeThatIsNotListed(t *testing.T) {
	c := newCluster(t)
	body := content(get(t.Context(), page.New(c.node), "/"))
	require.Contains(t, body, "The other nodes do not see this one: this node does not run yet.")

	c = newClusterWith(t, installed(t, "one"), connect.WithoutNodes())
	w := get(t.Context(), page.New(c.node), "/")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, content(w), "does not know the others")
}
