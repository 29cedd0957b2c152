package page_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/examples/node/page"
)

func TestExamination_IsShownAndNotWaitedFor(t *testing.T) {
	c := newCluster(t)
	c.next(time.Hour)
	c.start()
	calls, goOn := 0, make(chan struct{})
	p := page.New(c.node, page.WithExamination(func(ctx context.Context) doctor.Report {
		calls++
		<-goOn
		return doctor.Report{Time: time.Now(), Findings: []doctor.Finding{
			{Code: "redis_policy", Severity: doctor.Error, Subject: "cache", What: "it evicts\u202e <locks>", Consequence: "two nodes clean", Remedy: "set noeviction"},
			{Code: "nodes_differ", Severity: doctor.Warning, Subject: "nodes", What: "they differed then"},
			{Code: "zone", Severity: doctor.Note, Subject: "database", What: "it has a zone"},
		}}
	}))
	body := content(get(t.Context(), p, "/"))
	require.Contains(t, body, "The node is being examined.")
	require.Contains(t, body, ">All is well</h2>")
	close(goOn)
	require.Eventually(t, func() bool {
		body = content(get(t.Context(), p, "/"))
		return !strings.Contains(body, "being examined")
	}, time.Minute, 10*time.Millisecond)
	require.Contains(t, body, ">The examination found 1 error</h2>")
	require.Contains(t, body, "it evicts� &lt;locks&gt;.</p>")
	require.Contains(t, body, "<strong>If it stays:</strong> two nodes clean.")
	require.Contains(t, body, "it has a zone.")
	require.NotContains(t, body, "differed then", "the page shows differences as they are now")
	require.Equal(t, 1, calls)
	require.NotContains(t, content(get(t.Context(), page.New(c.node, page.WithExamination(nil)), "/")), "Examination")
}

// Without a request of the page nothing is examined.
func TestExamination_IsMadeWhenThePageIsRequested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		latest := page.Latest(func(context.Context) doctor.Report {
			calls++
			time.Sleep(time.Second)
			return doctor.Report{Findings: make([]doctor.Finding, calls)}
		})
		_, ok := latest(t.Context())
		require.False(t, ok)
		time.Sleep(2 * time.Second)
		r, ok := latest(t.Context())
		require.True(t, ok)
		require.Len(t, r.Findings, 1)
		time.Sleep(time.Hour)
		require.Equal(t, 1, calls)
		r, ok = latest(t.Context())
		require.True(t, ok, "an old one until the next has ended")
		require.Len(t, r.Findings, 1)
		time.Sleep(2 * time.Second)
		r, _ = latest(t.Context())
		require.Len(t, r.Findings, 2)
	})
}
