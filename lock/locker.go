package lock

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	randv2 "math/rand/v2"
	"os"
	"sync"
	"time"
)

// Locker gives leases on names, over a [Backend]: it makes the tokens, lets the
// callers of one process queue in order, polls with jitter between processes,
// renews, and cleans up after requests whose outcome is unknown. It is safe
// for concurrent use; Close it when it is no longer needed.
type Locker struct {
	backend  Backend
	props    Properties
	defaults settings
	owner    Owner
	logger   *slog.Logger
	observe  func(context.Context, Event)
	call     time.Duration
	poll     time.Duration

	// closing ends when Close begins.
	closing context.Context
	shut    context.CancelCauseFunc
	closeBy time.Time // when Close returns at the latest; set before closing ends

	queues *queues
	marks  *waitMarks

	mu     sync.Mutex // never held across a wait
	leases map[*Lease]struct{}
	closed bool
	tasks  int        // acquires, renewals and undoings under way
	quiet  *sync.Cond // says that a task or a lease has ended
}

// Defaults of a [Locker].
const (
	DefaultTTL         = 30 * time.Second
	DefaultCallTimeout = 2 * time.Second
	DefaultPoll        = 50 * time.Millisecond
)

// Option changes a default of [New].
type Option func(*Locker)

// WithLogger logs lost leases and requests that had to be undone. The default
// logs nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(l *Locker) {
		if logger != nil {
			l.logger = logger
		}
	}
}

// WithObserver calls f for every [Event], on the goroutine that caused it. f
// must not block. Its context is that of the call, or has the values of the one
// with which a lease was acquired; for an undo it is empty.
func WithObserver(f func(context.Context, Event)) Option {
	return func(l *Locker) {
		if f != nil {
			l.observe = f
		}
	}
}

// WithCallTimeout bounds every single request to the server; 0 is the default,
// [DefaultCallTimeout]. It panics if timeout is negative.
func WithCallTimeout(timeout time.Duration) Option {
	if timeout < 0 {
		panic("lock.WithCallTimeout: timeout is negative")
	}
	return func(l *Locker) { l.call = cmp.Or(timeout, DefaultCallTimeout) }
}

// WithPoll is the mean time between two attempts of a waiting caller while
// another process holds the name; 0 is the default, [DefaultPoll]. Every pause is random, between half and one and a half of
// it. It is also the measure of fairness: a process that has had a name for
// this long without a break makes way for others that wait, for as long as they
// need to poll once; see the package's guarantees. All processes should have the
// same. It panics if interval is negative.
func WithPoll(interval time.Duration) Option {
	if interval < 0 {
		panic("lock.WithPoll: interval is negative")
	}
	return func(l *Locker) { l.poll = cmp.Or(interval, DefaultPoll) }
}

// WithDefaults sets options for all leases of this Locker; those of a call
// come after them. It panics if one of their durations is negative, but for
// [WithWait].
func WithDefaults(opts ...AcquireOption) Option {
	var s settings
	s.apply(opts)
	if s.ttl < 0 || s.minHold < 0 || s.maxHold < 0 {
		panic("lock.WithDefaults: a duration of opts is negative")
	}
	return func(l *Locker) { l.defaults.apply(opts) }
}

// New returns a Locker over the backend. It starts nothing. The backend stays
// open when the Locker is closed. It panics if backend is nil.
func New(backend Backend, opts ...Option) *Locker {
	if backend == nil {
		panic("lock.New: backend is nil")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	l := &Locker{
		backend:  backend,
		defaults: settings{ttl: DefaultTTL},
		owner:    Owner{Host: host, PID: os.Getpid()},
		logger:   slog.New(slog.DiscardHandler),
		observe:  func(context.Context, Event) {},
		call:     DefaultCallTimeout,
		poll:     DefaultPoll,
		leases:   map[*Lease]struct{}{},
	}
	if d, ok := backend.(Describer); ok {
		l.props = d.Properties()
	}
	l.quiet = sync.NewCond(&l.mu)
	l.closing, l.shut = context.WithCancelCause(context.Background())
	for _, o := range opts {
		if o != nil {
			o(l)
		}
	}
	l.queues = newQueues(l.closing.Done(), l.poll)
	l.marks = newWaitMarks(backend, l.props, l.owner, l.poll, l.call)
	return l
}

// tell calls the observer.
func (l *Locker) tell(ctx context.Context, e Event) {
	e.Result = resultOf(e.Err)
	l.observe(ctx, e)
}

// Properties are those of the backend.
func (l *Locker) Properties() Properties { return l.props }

// Acquire takes the name, or says who holds it. By default it tries once; see
// [WithWait]. The lease keeps the values of ctx but not its end: a context
// that bounds the waiting does not bound the lease. End it with Release.
//
// Errors: [*HeldError] if the name is held (after the wait, if one was asked
// for), if another caller of this Locker is just asking for it, then with an
// empty Holder, or if this process has had its turn and another one waits, then
// with that one as Holder; [ErrUnavailable] if the server cannot be asked,
// the cause of ctx, [ErrClosed], [*ArgumentError]. After any of them this call
// holds nothing: what the server may have granted without our hearing of it is
// given back in the background.
func (l *Locker) Acquire(ctx context.Context, name string, opts ...AcquireOption) (*Lease, error) {
	le := &Lease{l: l, name: name, parent: ctx, s: l.defaults}
	le.s.apply(opts)
	if err := le.s.check(name, l.props); err != nil {
		return nil, err
	}
	if !l.begin() {
		return nil, failed("acquire", name, ErrClosed)
	}
	defer l.finish()
	wait, cancel := le.s.waitContext(ctx)
	defer cancel()
	began := time.Now()
	err := l.acquire(wait, ctx, le)
	l.tell(ctx, Event{Op: "acquire", Name: name, Duration: time.Since(began), Err: err})
	if err != nil {
		return nil, failed("acquire", name, err)
	}
	return le, nil
}

// acquire takes the lease, which nobody else knows yet.
func (l *Locker) acquire(wait, ctx context.Context, le *Lease) error {
	slot, stop, err := l.queues.enter(wait, le.name, le.s.wait != 0)
	if err != nil {
		return l.acquireErr(ctx, stop, err)
	}
	le.slot, le.claim = slot, l.claim(le.s)
	if err = l.attempts(wait, ctx, le); err != nil {
		l.removeMark(slot)
		if !le.unknown.IsZero() {
			l.undo(le.name, le.claim.Token, le.s.serverTTL(l.props, 0))
		}
		slot.pass()
	}
	return err
}

// attempts asks the server until it grants the lease or the wait is over, always
// with the same token: what was granted without our hearing of it is granted
// again.
func (l *Locker) attempts(wait, ctx context.Context, le *Lease) error {
	if err := l.makeWay(wait, ctx, le); err != nil {
		return err
	}
	for {
		if err := l.usable(ctx); err != nil {
			return err
		}
		err := l.attempt(ctx, le)
		if err == nil {
			return nil
		}
		if le.s.wait == 0 || isRefusal(err) {
			return l.acquireErr(ctx, nil, err)
		}
		if errors.Is(err, ErrHeld) && l.hasTimeToPoll(wait) {
			l.marks.set(wait, le.name, &le.slot.mark)
		}
		if stop := l.pause(wait, err); stop != nil {
			return l.acquireErr(ctx, stop, err)
		}
	}
}

// makeWay leaves the name to another process that waits for it when this one
// has had its turn: a caller that waits lets the others poll first, and one
// that does not wait finds the name held.
func (l *Locker) makeWay(wait, ctx context.Context, le *Lease) error {
	f, now := &le.slot.fair, time.Now()
	if f.turnIsOver(now, l.poll) {
		if waiter, ok := l.marks.waiter(wait, le.name, &le.slot.mark); ok {
			f.yield(now, waiter, l.poll)
		} else {
			f.extend(now)
		}
	}
	left := f.yielding.Sub(now)
	if left <= 0 {
		return nil
	}
	held := &HeldError{Name: le.name, Owner: f.waiter, ExpiresIn: left}
	le.slot.note(answer{holder: f.waiter})
	if le.s.wait == 0 {
		return l.acquireErr(ctx, nil, held)
	}
	if stop := l.sleep(wait, left); stop != nil {
		return l.acquireErr(ctx, stop, held)
	}
	return nil
}

// removeMark removes, in the background, what says that this process waits.
func (l *Locker) removeMark(s slot) {
	if remove := l.marks.take(s.name, &s.mark); remove != nil {
		l.task(remove)
	}
}

// hasTimeToPoll reports whether the wait surely lasts until the next poll.
func (l *Locker) hasTimeToPoll(wait context.Context) bool {
	end, ok := wait.Deadline()
	return l.closing.Err() == nil && (!ok || time.Until(end) > l.poll*3/2)
}

// isRefusal reports whether the backend will never do what was asked.
func isRefusal(err error) bool {
	var option *ArgumentError
	return errors.As(err, &option)
}

// isAmbiguous reports whether the server may have granted what was asked for
// although there is this error.
func isAmbiguous(err error) bool { return err != nil && !errors.Is(err, ErrHeld) && !isRefusal(err) }

// errWaited is the cause of the end of a wait.
var errWaited = errors.New("waited in vain")

// acquireErr is the error of an Acquire that failed: why it stopped, unless the
// wait was just over, and what the last attempt met.
func (l *Locker) acquireErr(ctx context.Context, stop, last error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(last, cause) {
		return fmt.Errorf("%w: %w", cause, last)
	}
	if errors.Is(stop, ErrClosed) {
		return stop
	}
	return last
}

// pause waits before the next attempt.
func (l *Locker) pause(wait context.Context, last error) error {
	d := l.poll/2 + randv2.N(l.poll+1)
	var held *HeldError
	if errors.As(last, &held) && held.ExpiresIn > 0 {
		d = min(d, held.ExpiresIn+time.Millisecond)
	}
	return l.sleep(wait, d)
}

func (l *Locker) sleep(wait context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-wait.Done():
		return context.Cause(wait)
	case <-l.closing.Done():
		return ErrClosed
	}
}

// attempt asks the server once for a lease.
func (l *Locker) attempt(ctx context.Context, le *Lease) error {
	fence, err := l.request(ctx, le.name, &le.claim, le.s)
	switch {
	case isAmbiguous(err):
		le.unknown = time.Now()
		if ctx.Err() == nil {
			le.slot.note(answer{err: err})
		}
	case errors.Is(err, ErrHeld):
		le.slot.fair.refused()
		var held *HeldError
		_ = errors.As(err, &held)
		if held != nil {
			le.slot.note(answer{holder: held.Owner})
		}
	}
	if err != nil {
		return err
	}
	le.fence, le.began = fence, le.claim.Owner.Since
	le.deadline = le.limit(le.began)
	// Close may end a lease that it knows, and then the slot is another's.
	le.slot.fair.acquired(time.Now(), l.poll)
	le.slot.note(answer{holder: le.claim.Owner})
	l.removeMark(le.slot)
	if !l.add(le) {
		le.unknown = time.Now()
		return ErrClosed
	}
	le.start()
	return nil
}

func (l *Locker) claim(s settings) Claim {
	c := Claim{Token: newToken(), Owner: l.owner}
	c.Owner.Label = s.label
	return c
}

// request asks the server once, and notes in the claim since when it may hold
// the name. If the error is ambiguous, the caller sees to the undoing.
func (l *Locker) request(ctx context.Context, name string, claim *Claim, s settings) (fence uint64, err error) {
	claim.Owner.Since = time.Now()
	ttl := s.serverTTL(l.props, 0)
	call, cancel := l.callContext(ctx, ttl)
	defer cancel()
	fence, err = l.backend.Acquire(call, name, *claim, ttl)
	switch {
	case isAmbiguous(err):
		err = unavailable(err)
	case err == nil && time.Since(claim.Owner.Since) >= l.props.trusted(ttl):
		err = fmt.Errorf("%w: the answer took longer than the lease", ErrUnavailable)
	}
	return fence, err
}

// usable is why nothing more can be asked of the Locker, if so.
func (l *Locker) usable(ctx context.Context) error {
	if l.closing.Err() != nil {
		return ErrClosed
	}
	return context.Cause(ctx)
}

// unavailable names an error of the backend that has no other name.
func unavailable(err error) error {
	if errors.Is(err, ErrUnavailable) || isRefusal(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// callContext bounds one request.
func (l *Locker) callContext(ctx context.Context, ttl time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(l.call, ttl))
}

// boundContext bounds what gives a name back: by the call timeout, and by the
// time that a Close may take.
func (l *Locker) boundContext(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(l.call)
	if l.closing.Err() != nil {
		end = minTime(end, l.closeBy)
	}
	return context.WithDeadline(ctx, end)
}

func newToken() Token {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return Token(base64.RawURLEncoding.EncodeToString(b[:]))
}

// add notes a lease, unless the Locker is closed.
func (l *Locker) add(lease *Lease) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.leases[lease] = struct{}{}
	return true
}

func (l *Locker) remove(lease *Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.leases, lease)
	l.quiet.Broadcast()
}

// begin counts something that Close waits for, unless the Locker is closed;
// finish is called at its end.
func (l *Locker) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.tasks++
	}
	return !l.closed
}

// enter counts it in any case: for a lease, for which Close waits, too.
func (l *Locker) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks++
}

func (l *Locker) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks--
	l.quiet.Broadcast()
}

// task runs f on a goroutine that Close waits for. The caller is a task itself
// or has a lease that is not yet removed, so that Close still waits.
func (l *Locker) task(f func()) {
	l.enter()
	go func() {
		defer l.finish()
		f()
	}()
}

// undo gives back in the background what a request may have been granted
// without our hearing of it. A request that still is on its way may be
// granted after the first answer "not yours", so that is believed only after
// a while.
func (l *Locker) undo(name string, token Token, ttl time.Duration) {
	l.task(func() {
		began := time.Now()
		for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second+time.Since(began)/16) {
			ctx, cancel := l.boundContext(context.Background())
			err := l.backend.Release(ctx, name, token)
			cancel()
			since := time.Since(began)
			if err == nil || since >= ttl || errors.Is(err, ErrLost) && since >= l.call || l.closing.Err() != nil {
				if err != nil && !errors.Is(err, ErrLost) {
					err = unavailable(err)
				}
				l.tell(context.Background(), Event{Op: "undo", Name: name, Duration: since, Err: err})
				return
			}
			t := time.NewTimer(pause)
			select {
			case <-t.C:
			case <-l.closing.Done():
				t.Stop()
			}
		}
	})
}

// Do runs f while it holds the name and releases it afterwards, also when f
// panics. The context of f ends with that of ctx and when the lease ends, then
// with the cause of [Lease.Err]. It carries the lease, for its fencing token:
// see [FromContext]. Do returns the error of f, joined with that of the lease:
// [ErrLost] or another cause if it ended before f returned, and then somebody
// else may have held the name meanwhile; [ErrUnavailable] if it could not be
// released, which makes others wait for its TTL and nothing worse.
func (l *Locker) Do(ctx context.Context, name string, f func(ctx context.Context) error, opts ...AcquireOption) (err error) {
	lease, err := l.Acquire(ctx, name, opts...)
	if err != nil {
		return err
	}
	run, cancel := context.WithCancelCause(withLease(ctx, lease))
	stop := context.AfterFunc(lease.Context(), func() { cancel(context.Cause(lease.Context())) })
	defer func() {
		stop()
		cancel(nil)
		lost := lease.Err()
		released := lease.Release(ctx)
		if lost != nil {
			released = lost
		}
		if released != nil {
			err = errors.Join(err, fmt.Errorf("lock: %q: %w", name, released))
		}
	}()
	return f(run)
}

// Close lets waiting callers go with [ErrClosed], ends and releases all leases,
// and waits for everything that the Locker has started and for calls under way:
// at most for two call timeouts ([WithCallTimeout]), one for requests under way
// and one for what gives the names back, or as long as a client takes that knows
// no contexts. What the server has not heard by then ends with its TTL. It does
// not wait for the work
// that is done under the leases, nor for the functions of [Locker.Do]: end them
// first, since others may have their names when Close has released them. It is
// safe to call twice.
func (l *Locker) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed, l.closeBy = true, time.Now().Add(2*l.call)
	}
	leases := make([]*Lease, 0, len(l.leases))
	for lease := range l.leases {
		leases = append(leases, lease)
	}
	l.mu.Unlock()
	l.shut(ErrClosed)
	for _, lease := range leases {
		l.task(func() { _ = lease.release(context.Background(), ErrClosed) }) // the TTL ends what cannot be released
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.tasks > 0 || len(l.leases) > 0 {
		l.quiet.Wait()
	}
}
