package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
)

// busy starts a demonstration with a first cleanup behind it and requests of every
// kind.
func busy(t *testing.T) *running {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	n := start(t, nil, "--demo", "--admin", "127.0.0.1:0")
	n.waitUntilReady(n.admin)
	const project = "resources/0b0e7ab6-2b1c-4c1e-9a44-0123456789ab"
	for _, path := range []string{project + ".css", project + "/url", "resources/logo.svg", "resources/x"} {
		_, _ = n.get(path)
	}
	require.Eventually(t, func() bool {
		_, text := n.fetch(n.admin + "metrics")
		return strings.Contains(text, `result="completed"`)
	}, patience, 50*time.Millisecond, n.log)
	return n
}

func TestMetrics_OfADemonstration(t *testing.T) {
	n := busy(t)
	t.Run("are all there", func(t *testing.T) { testMetricsAreThere(t, n) })
	t.Run("pass promtool", func(t *testing.T) { testMetricsPassPromtool(t, n) })
	t.Run("are scraped by Prometheus", func(t *testing.T) { testMetricsAreScraped(t, n) })
}

func testMetricsAreThere(t *testing.T, n *running) {
	_, text := n.fetch(n.admin + "metrics")
	for _, m := range metrics.All() {
		require.Contains(t, text, "# TYPE "+m.Name+" "+string(m.Kind)+"\n")
	}
	for _, line := range []string{
		`mosparo_cleanup_attempts_total{executor="frontend_api",result="completed"} 1`,
		`mosparo_node_info{mode="clean",css_source="shared_cache"} 1`,
		`mosparo_cleanup_overlaps_total 0`,
		`mosparo_lock_leases_lost_total{lock="cleanup"} 0`,
		`mosparo_database_operations_total{operation="ping",result="unavailable"} 0`,
		`mosparo_lock_hold_seconds_count{lock="cleanup"} 1`,
		`mosparo_database_operations_total{operation="transaction",result="ok"} `,
		`mosparo_database_operation_duration_seconds_count{operation="read"} `,
		`mosparo_database_operation_duration_seconds_count{operation="projects"} `,
		`mosparo_css_requests_total{operation="unknown",result="not_found"} 1`,
	} {
		if strings.HasSuffix(line, " ") {
			require.Regexp(t, `(?m)^`+regexp.QuoteMeta(line)+`[1-9]`, text)
			continue
		}
		require.Contains(t, text, line+"\n")
	}
	require.NotContains(t, text, "0b0e7ab6", "the number of projects has no bound")

	status, _ := n.get("metrics")
	require.Equal(t, http.StatusServiceUnavailable, status, "they are for operators alone")
}

func testMetricsPassPromtool(t *testing.T, n *running) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		servers.Missing(t, "promtool", "prometheus")
	}
	_, text := n.fetch(n.admin + "metrics")
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	var said bytes.Buffer
	check.Stdout, check.Stderr = &said, &said
	require.NoError(t, check.Run(), said.String())
	require.Empty(t, said.String())
}

func testMetricsAreScraped(t *testing.T, n *running) {
	p := servers.Prometheus(t, []string{strings.TrimSuffix(strings.TrimPrefix(n.admin, "http://"), "/")})
	for query, want := range map[string]string{
		`up`: "1",
		`mosparo_cleanup_attempts_total{result="completed"}`:                                                "1",
		`mosparo_node_info{mode="clean"}`:                                                                   "1",
		`time() - mosparo_cleanup_last_complete_timestamp_seconds < bool 86400`:                             "1",
		`histogram_quantile(0.99, sum by (le) (mosparo_lock_hold_seconds_bucket{lock="cleanup"})) > bool 0`: "1",
	} {
		var got string
		require.Eventually(t, func() bool { got = n.query(p, query); return got == want }, patience, 100*time.Millisecond, "%s: %s", query, n.log)
	}
}

// query returns the only value of an instant query, empty if there is none.
func (r *running) query(p *servers.Process, query string) string {
	r.t.Helper()
	status, body := r.fetch("http://" + p.Addr() + "/api/v1/query?query=" + url.QueryEscape(query))
	require.Equal(r.t, http.StatusOK, status, body)
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	require.NoError(r.t, json.Unmarshal([]byte(body), &answer))
	if len(answer.Data.Result) != 1 {
		return ""
	}
	value, _ := answer.Data.Result[0].Value[1].(string)
	return value
}

func TestLog_InJSONHasSecondsAndTheRun(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var log logBuffer
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--demo", "--listen", "127.0.0.1:0", "--log-format", "json"}, nil, &log)
	}()
	line := regexp.MustCompile(`"msg":"cleanup","executor":"frontend_api","result":"completed","duration_seconds":[0-9.]+,.*"run_id":[1-9]`)
	require.Eventually(t, func() bool { return line.MatchString(log.String()) }, patience, 50*time.Millisecond, &log)
	stop()
	require.NoError(t, <-ended)
}
