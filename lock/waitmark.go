package lock

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// waitPrefix is the prefix of the names by which processes show that they wait
// for a name; see [waitMark].
const waitPrefix = ReservedPrefix + "waiting/"

// waitName returns the name of the mark beside a name.
func waitName(name string) string {
	if len(waitPrefix)+len(name) <= maxName {
		return waitPrefix + name
	}
	sum := sha256.Sum256([]byte(name))
	end := "~" + hex.EncodeToString(sum[:16])
	return waitPrefix + name[:maxName-len(waitPrefix)-len(end)] + end
}

// waitMarks tell the processes that share a backend whether any of them waits for a
// name: a waiting process holds a short lease, the mark, on a name beside it. It needs no more of a backend than any lock, costs a holder one
// request in each share, and a waiting process one request in two polls. Errors
// only make it less fair.
type waitMarks struct {
	*server
	poll, ttl time.Duration
}

// waitMark is the mark of this process at one name.
type waitMark struct {
	token Token     // while this process has set it
	next  time.Time // when it is to be set again
}

func newWaitMarks(s *server, poll time.Duration) *waitMarks {
	return &waitMarks{server: s, poll: poll, ttl: max(8*poll, s.props.minTTL())}
}

// set shows that this process waits, unless another one does already.
func (w *waitMarks) set(ctx context.Context, name string, m *waitMark) {
	now := time.Now()
	if now.Before(m.next) {
		return
	}
	claim := w.newClaim("waits")
	claim.Token = cmp.Or(m.token, claim.Token)
	claim.Owner.Since, claim.Unfenced = now, true
	ctx, cancel := context.WithTimeout(ctx, min(w.call, w.ttl))
	defer cancel()
	m.token, m.next = "", now.Add(2*w.poll)
	if _, err := w.backend.Acquire(ctx, waitName(name), claim, w.ttl); err == nil {
		m.token, m.next = claim.Token, now.Add(w.ttl/2)
	}
}

// remove removes the mark in the background, if this process has set it.
func (w *waitMarks) remove(name string, m *waitMark) {
	token := m.token
	*m = waitMark{}
	if token == "" {
		return
	}
	w.tasks.run(func() {
		ctx, cancel := context.WithTimeout(context.Background(), min(w.call, w.ttl))
		defer cancel()
		_ = w.backend.Release(ctx, waitName(name), token) // it ends by itself
	})
}

// waiter returns the process that shows that it waits, if it is another one.
func (w *waitMarks) waiter(ctx context.Context, name string, m *waitMark) (Owner, bool) {
	ctx, cancel := context.WithTimeout(ctx, w.call)
	defer cancel()
	h, err := w.backend.Holder(ctx, waitName(name))
	return h.Owner, err == nil && (m.token == "" || h.Token != m.token)
}
