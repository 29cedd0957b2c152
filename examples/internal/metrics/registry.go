package metrics

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// ContentType is that of Prometheus' text format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Registry is a [Recorder] in memory, and serves its metrics in Prometheus' text
// format. Make one with [NewRegistry].
type Registry struct {
	mu       sync.Mutex
	families map[string]*family
}

// family is a metric and its series by their labels, as they are written.
type family struct {
	Metric
	series map[string]*series
}

// series is the value of a metric for one set of labels.
type series struct {
	value   float64  // of a histogram, the sum
	buckets []uint64 // not cumulative; the last one is +Inf
}

var _ Recorder = (*Registry)(nil)

// NewRegistry returns the metrics of [All].
func NewRegistry() *Registry {
	r := &Registry{families: map[string]*family{}}
	for _, m := range All() {
		r.families[m.Name] = &family{m, map[string]*series{}}
	}
	return r
}

// with returns the series with these values of the labels.
func (f *family) with(values []string) *series {
	key := labels(f.Labels, values)
	s := f.series[key]
	if s == nil {
		s = &series{}
		if f.Kind == Histogram {
			s.buckets = make([]uint64, len(f.Buckets)+1)
		}
		f.series[key] = s
	}
	return s
}

// change calls f for a series under the mutex. A metric that is not in [All] is
// ignored.
func (r *Registry) change(m Metric, values []string, f func(*series)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.families[m.Name]; known != nil {
		f(known.with(values))
	}
}

// Init implements [Recorder].
func (r *Registry) Init(m Metric, labels ...string) { r.change(m, labels, func(*series) {}) }

// Add implements [Recorder].
func (r *Registry) Add(m Metric, n float64, labels ...string) {
	r.change(m, labels, func(s *series) { s.value += n })
}

// Set implements [Recorder].
func (r *Registry) Set(m Metric, v float64, labels ...string) {
	r.change(m, labels, func(s *series) { s.value = v })
}

// Observe implements [Recorder].
func (r *Registry) Observe(m Metric, v float64, labels ...string) {
	i, _ := slices.BinarySearch(m.Buckets, v) // the first bound that is not below v
	r.change(m, labels, func(s *series) {
		s.value += v
		s.buckets[i]++
	})
}

// ServeHTTP implements [http.Handler].
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", ContentType)
	_, _ = w.Write([]byte(r.String())) // an error means that the client is gone
}

// String returns the metrics in the text format, sorted by name and labels.
func (r *Registry) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.families)) {
		f := r.families[name]
		if len(f.series) == 0 {
			continue
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, escape(f.Help, false), name, f.Kind)
		for _, key := range slices.Sorted(maps.Keys(f.series)) {
			f.write(&b, key, f.series[key])
		}
	}
	return b.String()
}

// write writes a series whose labels are key, such as `result="ok"`.
func (f *family) write(b *strings.Builder, key string, s *series) {
	if f.Kind != Histogram {
		fmt.Fprintf(b, "%s%s %s\n", f.Name, braced(key), number(s.value))
		return
	}
	var count uint64
	for i, n := range s.buckets {
		count += n
		bound := math.Inf(1)
		if i < len(f.Buckets) {
			bound = f.Buckets[i]
		}
		le := labels([]string{"le"}, []string{number(bound)})
		if key != "" {
			le = key + "," + le
		}
		fmt.Fprintf(b, "%s_bucket{%s} %d\n", f.Name, le, count)
	}
	fmt.Fprintf(b, "%s_sum%s %s\n%s_count%s %d\n", f.Name, braced(key), number(s.value), f.Name, braced(key), count)
}

func braced(labels string) string {
	if labels == "" {
		return ""
	}
	return "{" + labels + "}"
}

// labels returns labels as the text format has them, without braces.
func labels(names, values []string) string {
	pairs := make([]string, len(names))
	for i, n := range names {
		pairs[i] = n + `="` + escape(values[i], true) + `"`
	}
	return strings.Join(pairs, ",")
}

var (
	helpEscapes  = strings.NewReplacer("\\", `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)
)

func escape(text string, isLabel bool) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if isLabel {
		return labelEscapes.Replace(text)
	}
	return helpEscapes.Replace(text)
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
