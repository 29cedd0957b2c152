package cleanup

import (
	"context"
	"log/slog"
	"strings"
	"unicode"
)

// logOnce logs a message unless it was logged before.
func (s *Scheduler) logOnce(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	s.mu.Lock()
	known := s.logged[msg]
	s.logged[msg] = true
	s.mu.Unlock()
	if !known {
		s.logger.LogAttrs(ctx, level, msg, attrs...)
	}
}

// withoutDigits returns the text of an error without digits: errors that differ only in
// a port or a time are the same for the log.
func withoutDigits(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, err.Error())
}
