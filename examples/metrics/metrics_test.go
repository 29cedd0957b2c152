package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/protobuf/proto"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
	"github.com/mosparo/go-cluster/lock"
)

// parse reads the text format, with the labels in order.
func parse(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.Metric {
			slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		}
		slices.SortFunc(f.Metric, func(a, b *dto.Metric) int { return strings.Compare(fmt.Sprint(a.Label), fmt.Sprint(b.Label)) })
	}
	return families
}

// The registry that a node uses without any library exposes the same as the client
// library, for the same events.
func TestCollectors_ExposeWhatTheRegistryExposes(t *testing.T) {
	registry, own := prometheus.NewRegistry(), metrics.NewRegistry()
	client := newCollectors(registry)
	for _, r := range []metrics.Recorder{client, own} {
		ctx := t.Context()
		r.Init(metrics.CSSGenerations, "error")
		r.Init(metrics.LockHold, "other")
		r.Init(metrics.CleanupTokens)
		metrics.Cache(r)(ctx, cache.Event{Op: cache.OpGet, Result: "hit", Duration: time.Millisecond})
		metrics.Cache(r)(ctx, cache.Event{Op: cache.OpSet, Result: "unavailable", Duration: time.Minute})
		for op, result := range map[string]string{"acquire": "ok", "release": "ok", "end": "lost"} {
			metrics.Lock(r)(ctx, lock.Event{Op: op, Name: cleanup.LockName, Result: result, Duration: 2 * time.Second})
		}
		metrics.Cleanup(r)(ctx, cleanup.Event{
			Executor: cleanup.ExecutorCommand, Result: cleanup.ResultUnfinished, SinceComplete: -1,
			Report: cleanup.Report{DeletedSubmissions: 3, DeletedTokens: 2}, Overlaps: make([]cleanup.Overlap, 1),
		})
		metrics.CSS(r)(ctx, csshttp.Event{Op: "hash", Result: "hit", Duration: 20 * time.Microsecond, Age: time.Second})
		metrics.CSS(r)(ctx, csshttp.Event{Op: "generate", Result: "generated", Duration: time.Second})
		metrics.Database(r)(ctx, sqlcleaner.Event{Op: "transaction", Result: "conflict", Duration: time.Second / 4})
		r.Set(metrics.CleanupComplete, 1.7640001e9)
		r.Set(metrics.BuildInfo, 1, "v1 \"x\"\n", "go")
		r.Set(metrics.NodeInfo, 1, "clean", "files")
	}
	got, want := parse(t, scrape(t, registry)), parse(t, own.String())
	require.Len(t, want, len(metrics.All()))
	require.Len(t, got, len(want))
	for name := range want {
		require.True(t, proto.Equal(want[name], got[name]), "want %v\ngot %v", want[name], got[name])
	}
}

func TestNode_IsScrapedByPrometheusWithTheAlertRules(t *testing.T) {
	admin := httptest.NewServer(openOnFakes(t, noop.Tracer{}).admin)
	t.Cleanup(admin.Close)
	rules, err := filepath.Abs("alerts.yml")
	require.NoError(t, err)
	p := servers.Prometheus(t, []string{admin.Listener.Addr().String()}, rules)
	var targets, evaluated string
	require.Eventually(t, func() bool {
		targets = get(t, "http://"+p.Addr()+"/api/v1/query?query=mosparo_node_info")
		evaluated = get(t, "http://"+p.Addr()+"/api/v1/rules")
		return strings.Contains(targets, `"mode":"observe"`) && !strings.Contains(evaluated, `"health":"unknown"`)
	}, time.Minute, 100*time.Millisecond)
	require.Contains(t, evaluated, `"health":"ok"`)
	require.NotContains(t, evaluated, `"health":"err"`)
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		servers.Missing(t, "promtool", "prometheus")
	}
	said, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	require.NoError(t, err, string(said))
}

func TestAlerts(t *testing.T) {
	promtool(t, "check", "rules", "alerts.yml")
	promtool(t, "test", "rules", "alerts_test.yml")
}

// A metric that was renamed would leave a rule or a panel without data.
func TestAlertsAndDashboard_NameMetricsThatThereAre(t *testing.T) {
	known := map[string]bool{}
	for _, m := range metrics.All() {
		known[m.Name] = true
		if m.Kind == metrics.Histogram {
			known[m.Name+"_bucket"], known[m.Name+"_sum"], known[m.Name+"_count"] = true, true, true
		}
	}
	for _, file := range []string{"alerts.yml", "dashboard.json"} {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, ".json") {
			require.True(t, json.Valid(b))
		}
		used := map[string]bool{}
		for _, name := range regexp.MustCompile(`\bmosparo_\w+`).FindAllString(string(b), -1) {
			require.True(t, known[name], "%s: %s", file, name)
			used[strings.TrimSuffix(name, "_bucket")] = true
		}
		if file == "dashboard.json" {
			require.Len(t, used, len(metrics.All()), "every metric has its panel")
		}
	}
}

func scrape(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	var b bytes.Buffer
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&b, f)
		require.NoError(t, err)
	}
	return b.String()
}
