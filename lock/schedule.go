package lock

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// schedule calls what is due, each on a goroutine of its own. One timer serves all
// of it, and stays set when what it was set for is dropped: most leases end before
// they are to be renewed, and then cost no timer.
type schedule struct {
	mu     sync.Mutex // never held across a wait
	alarms alarms
	timer  *time.Timer // nil until there is an alarm
	next   time.Time   // when the timer fires, zero if it does not run
}

// alarm is one entry of a schedule. The zero value is in none.
type alarm struct {
	at    time.Time
	call  interface{ due() }
	place int // in the heap, counted from 1
}

// set schedules the alarm, or moves it.
func (s *schedule) set(a *alarm, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.at = at
	if a.place == 0 {
		heap.Push(&s.alarms, a)
	} else {
		heap.Fix(&s.alarms, a.place-1)
	}
	s.arm()
}

// drop takes the alarm out and reports whether it was in: then it is not called
// any more.
func (s *schedule) drop(a *alarm) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.place == 0 {
		return false
	}
	heap.Remove(&s.alarms, a.place-1)
	return true
}

// arm sets the timer unless it fires early enough. The caller holds s.mu.
func (s *schedule) arm() {
	if len(s.alarms) == 0 {
		return
	}
	first := s.alarms[0].at
	switch {
	case !s.next.IsZero() && !first.Before(s.next):
		return
	case s.timer == nil:
		s.timer = time.AfterFunc(time.Until(first), s.fire)
	default:
		s.timer.Reset(time.Until(first))
	}
	s.next = first
}

// fire is called by the timer.
func (s *schedule) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.next = time.Time{}
	for len(s.alarms) > 0 && !s.alarms[0].at.After(now) {
		go heap.Pop(&s.alarms).(*alarm).call.due()
	}
	s.arm()
}

// stop ends the timer, when no alarm is left.
func (s *schedule) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.next = time.Time{}
}

// alarms are a heap of those that are scheduled; see [heap.Interface].
type alarms []*alarm

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

// Push implements [heap.Interface].
func (h *alarms) Push(x any) {
	a := x.(*alarm)
	*h = append(*h, a)
	a.place = len(*h)
}

// Pop implements [heap.Interface].
func (h *alarms) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	a.place = 0
	return a
}

// deadlineContext has a deadline, and of its parent only the values: what
// [context.WithDeadline] over [context.WithoutCancel] is, with the timer of a
// schedule.
type deadlineContext struct {
	context.Context // without an end
	schedule        *schedule
	alarm           alarm
	done            chan struct{}
	err             error // set before done is closed
}

// start makes the zero value a context that ends at the deadline, or by cancel.
func (c *deadlineContext) start(parent context.Context, s *schedule, deadline time.Time) {
	if parent.Done() != nil {
		parent = context.WithoutCancel(parent)
	}
	c.Context, c.schedule, c.done = parent, s, make(chan struct{})
	c.alarm.at, c.alarm.call = deadline, c
	s.set(&c.alarm, deadline)
}

// Deadline implements [context.Context].
func (c *deadlineContext) Deadline() (time.Time, bool) { return c.alarm.at, true }

// Done implements [context.Context].
func (c *deadlineContext) Done() <-chan struct{} { return c.done }

// Err implements [context.Context].
func (c *deadlineContext) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

func (c *deadlineContext) due() { c.end(context.DeadlineExceeded) }

func (c *deadlineContext) cancel() {
	if c.schedule.drop(&c.alarm) {
		c.end(context.Canceled)
	}
}

// end is called once: by the schedule, or after the alarm was dropped.
func (c *deadlineContext) end(err error) {
	c.err = err
	close(c.done)
}
