package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mosparo/go-cluster/examples/internal/metrics"
)

// collectors are the metrics of a node as those of Prometheus' client library.
type collectors struct {
	counters   map[string]*prometheus.CounterVec
	gauges     map[string]*prometheus.GaugeVec
	histograms map[string]*prometheus.HistogramVec
}

var _ metrics.Recorder = (*collectors)(nil)

// newCollectors registers every metric of a node.
func newCollectors(r prometheus.Registerer) *collectors {
	c := &collectors{map[string]*prometheus.CounterVec{}, map[string]*prometheus.GaugeVec{}, map[string]*prometheus.HistogramVec{}}
	for _, m := range metrics.All() {
		switch m.Kind {
		case metrics.Counter:
			v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
			r.MustRegister(v)
			c.counters[m.Name] = v
		case metrics.Gauge:
			v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, m.Labels)
			r.MustRegister(v)
			c.gauges[m.Name] = v
		case metrics.Histogram:
			v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: m.Buckets}, m.Labels)
			r.MustRegister(v)
			c.histograms[m.Name] = v
		}
	}
	return c
}

// Init implements [metrics.Recorder].
func (c *collectors) Init(m metrics.Metric, labels ...string) {
	switch m.Kind {
	case metrics.Counter:
		c.counters[m.Name].WithLabelValues(labels...)
	case metrics.Histogram:
		c.histograms[m.Name].WithLabelValues(labels...)
	}
}

// Add implements [metrics.Recorder].
func (c *collectors) Add(m metrics.Metric, n float64, labels ...string) {
	c.counters[m.Name].WithLabelValues(labels...).Add(n)
}

// Set implements [metrics.Recorder].
func (c *collectors) Set(m metrics.Metric, v float64, labels ...string) {
	c.gauges[m.Name].WithLabelValues(labels...).Set(v)
}

// Observe implements [metrics.Recorder].
func (c *collectors) Observe(m metrics.Metric, v float64, labels ...string) {
	c.histograms[m.Name].WithLabelValues(labels...).Observe(v)
}
