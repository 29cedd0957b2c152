package csshttp

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// unknownHashLimit is how many look-ups a second there are for hashes that the
// database does not name: those of earlier versions, and guesses.
const unknownHashLimit = 100

// maxLooking limits the concurrent calls of the store: one for a file on a server
// that does not answer never ends, and holds a thread, of which Go allows 10,000.
// Others only wait for the second read of what PHP stored.
const maxLooking = 512

// budget counts look-ups by the second.
type budget struct {
	mu    sync.Mutex
	since time.Time
	spent int
}

// take reports whether one more look-up is within the limit.
func (b *budget) take() bool {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.since) >= time.Second {
		b.since, b.spent = now, 0
	}
	b.spent++
	return b.spent <= unknownHashLimit
}

// errorLatch logs when something begins and ceases to fail.
type errorLatch struct{ on atomic.Bool }

func (l *errorLatch) note(log *slog.Logger, msg string, err error) {
	if err != nil && !l.on.Swap(true) {
		log.Warn(msg, "error", err)
	}
	if err == nil && l.on.Load() && l.on.Swap(false) {
		log.Info("css is served normally again")
	}
}
