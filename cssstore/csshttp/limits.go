package csshttp

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// unknownHashLimit is how many look-ups a second hashes may cost that are not
// those of the database: earlier versions, and guesses.
const unknownHashLimit = 100

// maxLooking is how many calls into the store there are at once: one for a file
// on a server that does not answer never ends, and holds a thread, of which Go
// allows 10,000. Others just wait for a second look at what PHP stored.
const maxLooking = 512

// budget is that many in each second.
type budget struct {
	mu    sync.Mutex
	since time.Time
	spent int
}

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

// trouble logs when something begins and ceases to fail.
type trouble struct{ on atomic.Bool }

func (t *trouble) note(l *slog.Logger, msg string, err error) {
	if err != nil && !t.on.Swap(true) {
		l.Warn(msg, "error", err)
	}
	if err == nil && t.on.Load() && t.on.Swap(false) {
		l.Info("css is served normally again")
	}
}
