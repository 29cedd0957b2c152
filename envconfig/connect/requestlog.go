package connect

import (
	"log/slog"
	"net/http"
	"time"
)

// maxLoggedPath limits a path in a log line, in bytes.
const maxLoggedPath = 200

// logRequests returns a handler that logs each request of next at level Debug. If the
// logger has that level switched off, it costs nothing.
func logRequests(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if !logger.Enabled(ctx, slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		start, method, path := time.Now(), r.Method, r.URL.Path // next may change r
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() { // also if next panics
			logger.LogAttrs(ctx, slog.LevelDebug, "request", slog.String("method", method), slog.String("path", path[:min(len(path), maxLoggedPath)]),
				slog.Int("status", status.status), slog.Duration("duration", time.Since(start)), slog.String("address", r.RemoteAddr))
		}()
		next.ServeHTTP(status, r)
	})
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the ResponseWriter below, for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
