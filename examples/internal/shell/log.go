package shell

import (
	"fmt"
	"io"
	"log/slog"
)

// LogFormatHelp describes the option --log-format.
const LogFormatHelp = "format of the log: text or json"

// LogLevelHelp describes the option --log-level.
const LogLevelHelp = "lowest level that is logged: debug, info, warn or error; debug has a line for each request and each attempt to clean"

// LogHandler returns the handler of a program's log. In JSON a duration is a number of
// seconds and its name ends with _seconds; in text it has its unit, as in 1.5s.
func LogHandler(w io.Writer, format string, level slog.Level) (slog.Handler, error) {
	switch format {
	case "text":
		return slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}), nil
	case "json":
		return slog.NewJSONHandler(JSON(w), &slog.HandlerOptions{Level: level, ReplaceAttr: inSeconds}), nil
	}
	return nil, fmt.Errorf("--log-format: %q is neither text nor json", format)
}

func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"_seconds", a.Value.Duration().Seconds())
	}
	return a
}
