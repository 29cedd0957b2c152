package cleanup

import (
	"context"
	"log/slog"
	"strings"
	"unicode"
)

// logOnce logs a message the first time only.
func (s *Scheduler) logOnce(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	s.mu.Lock()
	known := s.logged[msg]
	s.logged[msg] = true
	s.mu.Unlock()
	if !known {
		s.logger.LogAttrs(ctx, level, msg, attrs...)
	}
}

// withoutDigits returns the text of an error without its numbers.
func withoutDigits(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, err.Error())
}
