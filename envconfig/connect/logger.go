package connect

import (
	"context"
	"fmt"
	"log/slog"
)

// RedisLogger hands on what go-redis logs: connections that fail, and the
// changes of a Sentinel. go-redis has one logger for the whole process, which
// writes to standard error, so a program sets it and no package does:
//
//	redis.SetLogger(connect.NewRedisLogger(log))
type RedisLogger struct{ logger *slog.Logger }

// NewRedisLogger returns what redis.SetLogger takes. It logs at level Info,
// since the calls that meet a failure return it as an error; a nil logger is
// silent.
func NewRedisLogger(logger *slog.Logger) RedisLogger {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return RedisLogger{logger}
}

// Printf implements go-redis' logger.
func (l RedisLogger) Printf(ctx context.Context, format string, v ...any) {
	if l.logger.Enabled(ctx, slog.LevelInfo) {
		l.logger.InfoContext(ctx, "go-redis reports", slog.String("message", fmt.Sprintf(format, v...)))
	}
}
