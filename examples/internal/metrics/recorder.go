package metrics

// Recorder keeps the values of metrics. The values of the labels are in the order of
// [Metric.Labels]. It is safe for concurrent use.
type Recorder interface {
	// Init makes a counter or histogram whose value is zero, if there is none.
	Init(m Metric, labels ...string)
	// Add adds to a counter.
	Add(m Metric, n float64, labels ...string)
	// Set sets a gauge.
	Set(m Metric, v float64, labels ...string)
	// Observe counts a value in a histogram.
	Observe(m Metric, v float64, labels ...string)
}
