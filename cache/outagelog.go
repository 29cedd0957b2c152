package cache

import (
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

func (l *outageLog) note(op Op, key string, r result, err error) {
	switch r {
	case resultOK:
		if l.isFailing(op) {
			l.recordRecovery(op)
		}
	case resultUnavailable, resultUnauthorized, resultReadOnly, resultFull, resultOther:
		l.fails(op, key, r, err)
	case resultDecode, resultTooLarge:
		l.cannotUse(op, key, r, err)
	default: // the caller's own error
	}
}

func (l *outageLog) fails(op Op, key string, r result, err error) {
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
		l.logger.Warn("the shared cache fails", "op", op, "key", key, "result", r, "error", err)
	}
}

func (l *outageLog) recordRecovery(op Op) {
	l.mu.Lock()
	o := &l.outages[side(op)]
	was := *o
	*o = outage{last: was.last}
	l.failed[side(op)].Store(false)
	l.mu.Unlock()
	if was.logged {
		l.logger.Info("the shared cache works again", "op", op, "result", was.result, "outage", time.Since(was.since))
	}
}

// cannotUse logs an entry that cannot be read, or is too large to be read or
// written, once for each key.
func (l *outageLog) cannotUse(op Op, key string, r result, err error) {
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
		l.logger.Warn("an entry of the shared cache cannot be used", "op", op, "key", key, "result", r, "error", err)
	}
	if last {
		l.logger.Warn("more entries of the shared cache than are logged cannot be used", "logged", maxUnusable)
	}
}
