package nodes

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// heart is the state of the heartbeats. The registry's mutex guards it.
type heart struct {
	// tried is true if the record of this process may have been written, written if it has.
	tried, written bool
	// listed is true if the last heartbeat succeeded; notListed says why it did not.
	listed    bool
	failing   bool
	notListed string
	// conflicts is how many heartbeats in a row have found the record of a newer
	// process under the id.
	conflicts int
}

const (
	heartbeatTimeout = 20 * time.Second
	leaveTimeout     = 2 * time.Second
)

// heartbeat reads the records and writes that of this node.
func (r *Registry) heartbeat(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	v, err := r.read(limited)
	if err == nil && r.isReplaced(limited, &v) {
		return
	}
	if err == nil {
		r.mu.Lock()
		r.heart.tried = true
		r.mu.Unlock()
		self := r.snapshotSelf()
		err = v.write(limited, r.pool, r.locker, self.ID, recordKey(self.ID).With(newRecord(&self), recordTTL))
	}
	if ctx.Err() != nil {
		return
	}
	r.setListed(ctx, err)
	if err == nil {
		all := r.withSelf()
		r.drift.update(ctx, Compare(all), all)
	}
}

// setListed remembers whether the heartbeat has succeeded, and logs a change.
func (r *Registry) setListed(ctx context.Context, err error) {
	r.mu.Lock()
	was := r.heart.failing
	r.heart.listed, r.heart.failing, r.heart.notListed = err == nil, err != nil, ""
	r.heart.written = r.heart.written || err == nil
	if err != nil {
		r.heart.notListed = whyNotWritten(err)
	}
	r.mu.Unlock()
	switch {
	case err != nil && !was:
		r.logger.LogAttrs(ctx, slog.LevelWarn, "the record of this node cannot be written; the other nodes do not see it", slog.Any("error", err))
	case err == nil && was:
		r.logger.LogAttrs(ctx, slog.LevelInfo, "the record of this node is written again")
	}
}

// whyNotWritten says in words why the record could not be written. People see it on pages,
// where addresses of servers do not belong; the log has the error.
func whyNotWritten(err error) string {
	for _, c := range []struct {
		condition error
		words     string
	}{
		{errNewerIndex, errNewerIndex.Error()},
		{cache.ErrUnauthorized, "the shared cache refuses this node"},
		{cache.ErrReadOnly, "the shared cache takes no writes"},
		{cache.ErrFull, "the shared cache is full"},
		{cache.ErrUnavailable, "the shared cache is unavailable"},
		{lock.ErrUnauthorized, "the lock server refuses this node"},
		{lock.ErrUnavailable, "the lock server is unavailable"},
		{lock.ErrHeld, "another node is writing the list of nodes"},
		{context.DeadlineExceeded, "the servers did not answer in time"},
	} {
		if errors.Is(err, c.condition) {
			return c.words
		}
	}
	return "its record cannot be written; the error is in its log"
}

// isReplaced looks for a record of another process under the id. At the start it is that of
// an earlier process of this node, whose times are taken over. Later it is that of the next
// one, which replaces this process: true. If that goes on, it is that of another node with
// the same host name and directory; then this one takes another id.
func (r *Registry) isReplaced(ctx context.Context, v *view) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := v.node(r.self.ID)
	switch {
	case ok && !r.heart.written:
		r.inherit(found.Fingerprints)
		return false
	case !ok, found.instance == r.self.instance, found.Stopped, found.Mode == ModePublished, r.self.isNewer(found):
		r.heart.conflicts = 0
		return false
	}
	if r.heart.conflicts++; r.heart.conflicts < 2 {
		r.heart.listed, r.heart.notListed = false, "another process of this node has started"
		return true
	}
	r.heart.conflicts = 0
	r.self.ID = newID(r.self.instance)
	r.logger.LogAttrs(ctx, slog.LevelWarn, "another process has the same host name and directory as this node; both are listed, but it is better to give one of them a name (WithHost)",
		slog.String("host", r.self.Host))
	return false
}

// isNewer reports whether the process of a node started after that of another.
func (n *Node) isNewer(other Node) bool {
	return cmp.Or(n.Started.Compare(other.Started), cmp.Compare(n.instance, other.instance)) > 0
}

// inherit takes over since when values have been there. The caller holds r.mu.
func (r *Registry) inherit(before Fingerprints) {
	if r.lastGood.Key == "" {
		r.lastGood = before
		return
	}
	r.lastGood = r.lastGood.clone() // an Overview may have the slices
	r.lastGood.keepSince(before, r.lastGood.Taken)
	if r.self.Fingerprints.Key != "" {
		r.self.Fingerprints = r.lastGood
	}
}

// leave marks the record as that of a stopped node, unless another process of the node has
// written its own by now. An error does no harm: the record expires.
func (r *Registry) leave(ctx context.Context) {
	r.mu.Lock()
	tried := r.heart.tried
	r.heart.listed, r.heart.notListed = false, "this node has stopped"
	r.mu.Unlock()
	if !tried {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	self := r.snapshotSelf()
	self.Stopped = true
	key := recordKey(self.ID)
	if stored, err := key.Get(ctx, r.pool); err == nil && stored.Instance == self.instance {
		_ = cache.Write(ctx, r.pool, key.With(newRecord(&self), recordTTL))
	}
}
