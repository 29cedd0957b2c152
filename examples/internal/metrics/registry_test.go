package metrics

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

func TestRegistry_WritesTheTextFormat(t *testing.T) {
	r := NewRegistry()
	r.Add(CacheOperations, 2, "get", "hit")
	r.Add(CacheOperations, 1, "get", "hit")
	r.Set(BuildInfo, 1, "v1 \"x\"\\\n\xff", "go")
	r.Add(Metric{Name: "unknown"}, 1)
	h := Metric{Name: DatabaseDuration.Name, Kind: Histogram, Help: "a\\b\nc", Buckets: []float64{.25, 1}}
	r.families[h.Name] = &family{h, map[string]*series{}}
	for _, v := range []float64{.1, .25, .5, 4} {
		r.Observe(h, v)
	}
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, nil)
	require.Equal(t, ContentType, answer.Header().Get("Content-Type"))
	require.Equal(t, `# HELP mosparo_build_info Version of the program, as the value 1.
# TYPE mosparo_build_info gauge
mosparo_build_info{version="v1 \"x\"\\\n�",goversion="go"} 1
# HELP mosparo_cache_operations_total Operations on keys of the shared cache.
# TYPE mosparo_cache_operations_total counter
mosparo_cache_operations_total{operation="get",result="hit"} 3
# HELP mosparo_database_operation_duration_seconds a\\b\nc
# TYPE mosparo_database_operation_duration_seconds histogram
mosparo_database_operation_duration_seconds_bucket{le="0.25"} 2
mosparo_database_operation_duration_seconds_bucket{le="1"} 3
mosparo_database_operation_duration_seconds_bucket{le="+Inf"} 4
mosparo_database_operation_duration_seconds_sum 4.85
mosparo_database_operation_duration_seconds_count 4
`, answer.Body.String())
}

func TestLock_LabelsAreFew(t *testing.T) {
	r := NewRegistry()
	observe := Lock(r, "report")
	for _, name := range []string{"report", "user-1", "user-2", "mosparo/cleanup", "mosparo/css.0b0e7ab6-2b1c-4c1e-9a44-0123456789ab", "mosparo/once/job"} {
		observe(t.Context(), lock.Event{Op: "acquire", Name: name, Result: "ok", Duration: time.Second})
	}
	observe(t.Context(), lock.Event{Op: "end", Name: "report", Result: "lost", Err: lock.ErrLost, Duration: time.Minute})
	text := r.String()
	for _, line := range []string{
		`mosparo_lock_wait_seconds_sum{lock="other"} 2`,
		`mosparo_lock_wait_seconds_sum{lock="report"} 1`,
		`mosparo_lock_wait_seconds_sum{lock="cleanup"} 1`,
		`mosparo_lock_wait_seconds_sum{lock="css"} 1`,
		`mosparo_lock_wait_seconds_sum{lock="once"} 1`,
		`mosparo_lock_hold_seconds_sum{lock="report"} 60`,
		`mosparo_lock_leases_lost_total{lock="report"} 1`,
	} {
		require.Contains(t, text, line+"\n")
	}
	require.NotContains(t, text, "user")
	require.NotContains(t, text, "0b0e7ab6")
}

func TestCleanup_CountsOverlapsAndTheLastCompleteRun(t *testing.T) {
	r := NewRegistry()
	observe := Cleanup(r)
	observe(t.Context(), cleanup.Event{Executor: cleanup.ExecutorFrontendAPI, Result: cleanup.ResultNotDue, SinceComplete: -1})
	require.NotContains(t, r.String(), CleanupComplete.Name, "there is none")
	observe(t.Context(), cleanup.Event{Executor: cleanup.ExecutorFrontendAPI, Result: cleanup.ResultNotDue, SinceComplete: time.Hour, Overlaps: make([]cleanup.Overlap, 2)})
	require.InDelta(t, time.Now().Add(-time.Hour).Unix(), r.families[CleanupComplete.Name].series[""].value, 60)
	observe(t.Context(), cleanup.Event{Executor: cleanup.ExecutorCommand, Result: cleanup.ResultCompleted, SinceComplete: time.Hour, Report: cleanup.Report{DeletedSubmissions: 3, DeletedTokens: 2}})
	require.InDelta(t, time.Now().Unix(), r.families[CleanupComplete.Name].series[""].value, 60)
	text := r.String()
	for _, line := range []string{
		`mosparo_cleanup_attempts_total{executor="frontend_api",result="not_due"} 2`,
		`mosparo_cleanup_attempts_total{executor="command",result="completed"} 1`,
		`mosparo_cleanup_run_duration_seconds_count{executor="command"} 1`,
		`mosparo_cleanup_overlaps_total 2`,
		`mosparo_cleanup_deleted_submissions_total 3`,
		`mosparo_cleanup_deleted_tokens_total 2`,
	} {
		require.Contains(t, text, line+"\n")
	}
}
