package connect

import (
	"context"
	"log/slog"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
)

// logHandler adds the ids of the context to the records of another handler.
type logHandler struct{ slog.Handler }

// NewLogHandler returns a handler that adds to each record the ids of its context:
// request_id ([requestid.FromContext]) and run_id ([cleanup.RunID]), unless the record has
// a run_id itself. [WithLogger] does so; a program uses it for a log of its own:
//
//	slog.New(connect.NewLogHandler(h)).InfoContext(r.Context(), "hello")
//
// It panics if h is nil.
func NewLogHandler(h slog.Handler) slog.Handler {
	panicIfNil(h == nil, "NewLogHandler", "h")
	if _, ok := h.(logHandler); ok {
		return h
	}
	return logHandler{h}
}

// Handle implements [slog.Handler].
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	var ids []slog.Attr
	if id := requestid.FromContext(ctx); id != "" {
		ids = append(ids, slog.String("request_id", id))
	}
	if id := cleanup.RunID(ctx); id != 0 && !hasAttr(r, "run_id") {
		ids = append(ids, slog.Int64("run_id", id))
	}
	if len(ids) > 0 {
		r = r.Clone()
		r.AddAttrs(ids...)
	}
	return h.Handler.Handle(ctx, r)
}

func hasAttr(r slog.Record, key string) (has bool) {
	r.Attrs(func(a slog.Attr) bool {
		has = a.Key == key
		return !has
	})
	return has
}

// WithAttrs implements [slog.Handler].
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
