package nodes

import (
	"context"
	"log/slog"
	"time"
)

// logAfter is how long a difference lasts until it is logged: a synchronisation takes its
// time.
const logAfter = 5 * time.Minute

// driftLog logs each difference once. It is not safe for concurrent use.
type driftLog struct {
	logger *slog.Logger
	seen   map[subject]*lasting
}

// subject is what differs.
type subject struct {
	kind Kind
	name string
}

// lasting is a difference that was there at the last heartbeat.
type lasting struct {
	first  time.Time // when this node first saw it
	logged bool
}

// update compares the differences with those of the last heartbeat.
func (l *driftLog) update(ctx context.Context, found []Difference, all []Node) {
	seen := map[subject]*lasting{}
	for _, d := range found {
		if d.MayDiffer {
			continue
		}
		s := subject{d.Kind, d.Name}
		was := l.seen[s]
		if was == nil {
			was = &lasting{first: time.Now()}
		}
		seen[s] = was
		if !was.logged && time.Since(was.first) >= logAfter {
			was.logged = true
			l.logger.LogAttrs(ctx, slog.LevelWarn, "nodes of the cluster differ", slog.String("difference", d.Describe(all)))
		}
	}
	for s, was := range l.seen {
		if seen[s] == nil && was.logged {
			l.logger.LogAttrs(ctx, slog.LevelInfo, "nodes of the cluster no longer differ", slog.String("difference", Difference{Kind: s.kind, Name: s.name}.subject()))
		}
	}
	l.seen = seen
}
