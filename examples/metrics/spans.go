package main

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
	"github.com/mosparo/go-cluster/lock"
)

// spans makes a span of each event. An event comes when its operation has ended, with
// the context of the call, so that the span is a child of the caller's. Spans of one
// cleanup have its mosparo.run_id, which is run_id in the log; those of a request have its
// mosparo.request_id, which is request_id in the log.
type spans struct{ tracer trace.Tracer }

func (s spans) record(ctx context.Context, name string, took time.Duration, err error, attrs ...attribute.KeyValue) {
	end := time.Now()
	if id := cleanup.RunID(ctx); id != 0 {
		attrs = append(attrs, attribute.Int64("mosparo.run_id", id))
	}
	if id := requestid.FromContext(ctx); id != "" {
		attrs = append(attrs, attribute.String("mosparo.request_id", id))
	}
	_, span := s.tracer.Start(ctx, name, trace.WithTimestamp(end.Add(-took)), trace.WithAttributes(attrs...))
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
	span.End(trace.WithTimestamp(end))
}

func (s spans) cache(ctx context.Context, e cache.Event) {
	s.record(ctx, "cache "+string(e.Op), e.Duration, e.Err, attribute.String("mosparo.key", e.Key), attribute.String("mosparo.result", e.Result))
}

func (s spans) lock(ctx context.Context, e lock.Event) {
	s.record(ctx, "lock "+e.Op, e.Duration, e.Err, attribute.String("mosparo.lock", e.Name), attribute.String("mosparo.result", e.Result))
}

func (s spans) css(ctx context.Context, e csshttp.Event) {
	s.record(ctx, "css "+e.Op, e.Duration, e.Err, attribute.String("mosparo.project", e.Project.String()), attribute.String("mosparo.result", e.Result))
}

func (s spans) database(ctx context.Context, e sqlcleaner.Event) {
	s.record(ctx, "database "+e.Op, e.Duration, e.Err, attribute.String("mosparo.result", e.Result))
}

// cleanup makes spans of attempts that were due; most are not.
func (s spans) cleanup(ctx context.Context, e cleanup.Event) {
	if e.Result == cleanup.ResultNotDue {
		return
	}
	s.record(ctx, "cleanup", e.Duration, e.Err,
		attribute.String("mosparo.executor", e.Executor.String()), attribute.String("mosparo.result", e.Result.String()))
}

// options let a node of [connect.Open] report to observers that make both metrics and
// spans.
func options(r metrics.Recorder, t trace.Tracer) []connect.Option {
	s := spans{t}
	return []connect.Option{
		connect.WithPoolOptions(cache.WithObserver(both(metrics.Cache(r), s.cache))),
		connect.WithDatabaseObserver(both(metrics.Database(r), s.database)),
		connect.WithLockerOptions(lock.WithObserver(both(metrics.Lock(r), s.lock))),
		connect.WithSchedulerOptions(cleanup.WithObserver(both(metrics.Cleanup(r), s.cleanup))),
		connect.WithCSSOptions(csshttp.WithObserver(both(metrics.CSS(r), s.css))),
	}
}

// both calls two observers.
func both[E any](a, b func(context.Context, E)) func(context.Context, E) {
	return func(ctx context.Context, e E) {
		a(ctx, e)
		b(ctx, e)
	}
}

// traced makes a span of each request, as a child of the client's if the request has
// the header traceparent.
func traced(t trace.Tracer, h http.Handler) http.Handler {
	return requestid.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.Start(ctx, "HTTP "+r.Method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("url.path", r.URL.Path), attribute.String("mosparo.request_id", requestid.FromContext(ctx))))
		defer span.End()
		h.ServeHTTP(w, r.WithContext(ctx))
	}))
}
