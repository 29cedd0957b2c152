package connect

import (
	"context"
	"fmt"
	"log/slog"
)

// RedisLogger passes the messages of go-redis to a [slog.Logger]: failed connections and
// the changes of a Sentinel. go-redis has one logger for the whole process, so the
// program sets it:
//
//	redis.SetLogger(connect.NewRedisLogger(log))
type RedisLogger struct{ logger *slog.Logger }

// NewRedisLogger returns a logger for redis.SetLogger. It logs at level Info, since the
// failed calls return errors as well. A nil logger is silent.
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
