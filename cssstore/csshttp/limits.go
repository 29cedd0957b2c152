package csshttp

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// unknownHashLimit is the number of lookups per second for hashes that are not in the
// database: those of earlier versions, and guesses.
const unknownHashLimit = 100

// maxStoreCalls limits the concurrent calls of the store. A call for a file on a server
// that hangs does not return, and holds a thread, of which Go allows 10,000.
const maxStoreCalls = 512

// budget counts the lookups of a second.
type budget struct {
	mu    sync.Mutex
	since time.Time
	spent int
}

// take counts a lookup, and reports whether it is within the limit.
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

// errorLatch logs the first of several errors, and the recovery.
type errorLatch struct{ on atomic.Bool }

func (l *errorLatch) note(ctx context.Context, log *slog.Logger, msg string, err error) {
	if err != nil && !l.on.Swap(true) {
		log.WarnContext(ctx, msg, slog.Any("error", err))
	}
	if err == nil && l.on.Load() && l.on.Swap(false) {
		log.InfoContext(ctx, "css is served normally again")
	}
}
