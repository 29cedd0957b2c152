package lock

import (
	"context"
	"errors"
	"time"
)

// spell is the time for which one process has had a name again and again,
// without a break in which another could have taken it. Other processes only
// poll, and would find the name free by luck: so after its share of time the
// process stands back once, for as long as all others need to poll. If nobody
// took the name meanwhile, it goes on for twice as long before the next time.
type spell struct {
	began, ended time.Time
	share        time.Duration
}

// How long a spell lasts, in poll intervals: at first, and at most.
const (
	firstShare = 4
	lastShare  = 64
)

// standBack is how long a process makes way: a little longer than the longest
// pause between two attempts of others.
func standBack(poll time.Duration) time.Duration { return poll*3/2 + poll/4 }

// over says that others have had their time to poll since the name was free.
func (s *spell) over(now time.Time, poll time.Duration) bool {
	return !s.ended.IsZero() && now.Sub(s.ended) > standBack(poll)
}

// makeWay stands back when the spell has used up its share, unless the caller
// would wait in vain for that: nobody may hold the name.
func (t turn) makeWay(wait context.Context) error {
	t.l.mu.Lock()
	s := &t.q.spell
	d := standBack(t.l.poll)
	long := !s.began.IsZero() && !s.over(time.Now(), t.l.poll) && time.Since(s.began) >= s.share
	if !long {
		t.l.mu.Unlock()
		return nil
	}
	if end, ok := wait.Deadline(); ok && time.Until(end) < 2*d {
		t.l.mu.Unlock()
		return nil
	}
	share := min(2*s.share, lastShare*t.l.poll)
	*s = spell{}
	t.l.mu.Unlock()
	if err := t.l.sleep(wait, d); err != nil {
		return err
	}
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	t.q.spell.share = share // counts if the next attempt takes the name
	return nil
}

// took notes that the process has the name, refused that another has, unanswered
// that the server did not say.
func (t turn) took(owner Owner) {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	t.q.last = answer{holder: owner}
	s := &t.q.spell
	if s.over(time.Now(), t.l.poll) {
		*s = spell{}
	}
	if s.began.IsZero() {
		s.began = time.Now()
		s.share = max(s.share, firstShare*t.l.poll)
	}
	s.ended = time.Time{}
}

func (t turn) refused(err error) {
	var held *HeldError
	_ = errors.As(err, &held)
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	t.q.last = answer{}
	if held != nil {
		t.q.last.holder = held.Holder
	}
	t.q.spell = spell{}
}

func (t turn) unanswered(err error) {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	t.q.last = answer{err: err}
}
