package cache

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// watch logs what the operator of a node must see: that the shared cache
// fails and works again, and entries that cannot be used. A line stands for
// all requests that fare alike.
type watch struct {
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
	class ErrorClass
	since time.Time
	// logged: the log knows of this outage, so it will of its end.
	logged bool
	// last is when the log was last told of a class.
	last map[ErrorClass]time.Time
}

// quiet is how long the log hears no more of a class of errors, though it
// comes and goes with every request: when one node of a cluster is down, say.
const quiet = time.Minute

// maxUnusable bounds the keys that are remembered, and so the lines.
const maxUnusable = 100

func side(op Op) int {
	if op == OpGet {
		return 0
	}
	return 1
}

// failing reports whether a success is news.
func (w *watch) failing(op Op) bool { return w.failed[side(op)].Load() }

func (w *watch) note(op Op, key string, class ErrorClass, err error) {
	switch class {
	case ClassNone:
		if w.failing(op) {
			w.recovered(op)
		}
	case ClassUnavailable, ClassUnauthorized, ClassReadOnly, ClassFull, ClassOther:
		w.fails(op, key, class, err)
	case ClassDecode, ClassTooLarge:
		w.cannotUse(op, key, class, err)
	default: // the caller's own doing
	}
}

func (w *watch) fails(op Op, key string, class ErrorClass, err error) {
	now := time.Now()
	w.mu.Lock()
	o := &w.outages[side(op)]
	if o.since.IsZero() {
		o.since = now
		w.failed[side(op)].Store(true)
	}
	last, known := o.last[class]
	tell := o.class != class && (!known || now.Sub(last) >= quiet)
	o.class = class
	if tell {
		if o.last == nil {
			o.last = map[ErrorClass]time.Time{}
		}
		o.last[class], o.logged = now, true
	}
	w.mu.Unlock()
	if tell {
		w.logger.Warn("the shared cache fails", "op", op, "key", key, "class", class, "error", err)
	}
}

func (w *watch) recovered(op Op) {
	w.mu.Lock()
	o := &w.outages[side(op)]
	was := *o
	*o = outage{last: was.last}
	w.failed[side(op)].Store(false)
	w.mu.Unlock()
	if was.logged {
		w.logger.Info("the shared cache works again", "op", op, "class", was.class, "outage", time.Since(was.since))
	}
}

// cannotUse logs an entry that cannot be read, or is too large to be read or
// written, once for each key.
func (w *watch) cannotUse(op Op, key string, class ErrorClass, err error) {
	w.mu.Lock()
	tell := !w.unusable[key] && len(w.unusable) < maxUnusable
	last := tell && len(w.unusable) == maxUnusable-1
	if tell {
		if w.unusable == nil {
			w.unusable = map[string]bool{}
		}
		w.unusable[key] = true
	}
	w.mu.Unlock()
	if tell {
		w.logger.Warn("an entry of the shared cache cannot be used", "op", op, "key", key, "class", class, "error", err)
	}
	if last {
		w.logger.Warn("more entries of the shared cache than are logged cannot be used", "logged", maxUnusable)
	}
}
