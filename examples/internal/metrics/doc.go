// Package metrics turns the events of a node into metrics. It has their names
// and labels, and counts them into a [Recorder]: a [Registry], which writes
// Prometheus' text format itself, or a client library (see examples/metrics).
//
//	registry := metrics.NewRegistry()
//	node, err := connect.Open(ctx, settings, metrics.Options(registry)...)
//	mux.Handle("/metrics", registry)
//
// All labels have few values: keys of the cache and unknown names of locks are
// none of them.
package metrics
