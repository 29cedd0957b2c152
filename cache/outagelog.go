package cache

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// outageLog logs outages of the shared cache and their ends, and entries that
// cannot be used. One line stands for all requests with the same result.
type outageLog struct {
	logger *slog.Logger
	// failed are the outages of reading and of writing: a full server or a
	// replica answers reads all the while.
	failed [2]atomic.Bool

	mu      sync.Mutex
	outages [2]outage
	// unusable are the keys whose entries have been logged.
	unusable map[string]bool
}

type outage struct {
	result result
	since  time.Time
	// logged: the beginning of the outage was logged, so its end will be.
	logged bool
	// last is when an outage with this result was last logged.
	last map[result]time.Time
}

// logInterval is the minimum time between two log lines for the same result,
// which may come and go with every request if one node of a cluster is down.
const logInterval = time.Minute

// maxUnusable bounds the keys that are remembered, and so the lines.
const maxUnusable = 100

func side(op Op) int {
	if op == OpGet {
		return 0
	}
	return 1
}

// isFailing reports whether operations of this kind are in an outage.
func (l *outageLog) isFailing(op Op) bool { return l.failed[side(op)].Load() }

func (l *outageLog) note(ctx context.Context, op Op, key string, r result, err error) {
	switch r {
	case resultOK:
		if l.isFailing(op) {
			l.recordRecovery(ctx, op)
		}
	case resultUnavailable, resultUnauthorized, resultReadOnly, resultFull, resultOther:
		l.fails(ctx, op, key, r, err)
	case resultDecode, resultTooLarge:
		l.cannotUse(ctx, op, key, r, err)
	default: // the caller's own error
	}
}

func (l *outageLog) fails(ctx context.Context, op Op, key string, r result, err error) {
	now := time.Now()
	l.mu.Lock()
	o := &l.outages[side(op)]
	if o.since.IsZero() {
		o.since = now
		l.failed[side(op)].Store(true)
	}
	last, known := o.last[r]
	tell := o.result != r && (!known || now.Sub(last) >= logInterval)
	o.result = r
	if tell {
		if o.last == nil {
			o.last = map[result]time.Time{}
		}
		o.last[r], o.logged = now, true
	}
	l.mu.Unlock()
	if tell {
		l.logger.LogAttrs(ctx, slog.LevelWarn, "the shared cache fails", attrs(op, key, r, err)...)
	}
}

func (l *outageLog) recordRecovery(ctx context.Context, op Op) {
	l.mu.Lock()
	o := &l.outages[side(op)]
	was := *o
	*o = outage{last: was.last}
	l.failed[side(op)].Store(false)
	l.mu.Unlock()
	if was.logged {
		l.logger.InfoContext(ctx, "the shared cache works again",
			slog.String("operation", string(op)), slog.String("result", string(was.result)), slog.Duration("outage", time.Since(was.since)))
	}
}

// cannotUse logs an entry that cannot be read, or is too large to be read or
// written, once for each key.
func (l *outageLog) cannotUse(ctx context.Context, op Op, key string, r result, err error) {
	l.mu.Lock()
	tell := !l.unusable[key] && len(l.unusable) < maxUnusable
	last := tell && len(l.unusable) == maxUnusable-1
	if tell {
		if l.unusable == nil {
			l.unusable = map[string]bool{}
		}
		l.unusable[key] = true
	}
	l.mu.Unlock()
	if tell {
		l.logger.LogAttrs(ctx, slog.LevelWarn, "an entry of the shared cache cannot be used", attrs(op, key, r, err)...)
	}
	if last {
		l.logger.WarnContext(ctx, "more entries of the shared cache than are logged cannot be used", slog.Int("entries", maxUnusable))
	}
}

func attrs(op Op, key string, r result, err error) []slog.Attr {
	return []slog.Attr{slog.String("operation", string(op)), slog.String("key", key), slog.String("result", string(r)), slog.Any("error", err)}
}
