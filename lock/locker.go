package lock

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"
)

// Locker provides leases on names over a [Backend]: it makes the tokens, queues
// the callers of one process in order, polls with jitter, renews, and undoes
// requests whose outcome is unknown. It is safe for concurrent use. Close it when
// it is no longer needed; see [New].
type Locker struct {
	*server
	defaults settings
	poll     time.Duration
	random   func(time.Duration) time.Duration
	queues   *queues
}

// DefaultTTL is the default of [WithTTL].
const DefaultTTL = 30 * time.Second

const (
	defaultCallTimeout = 2 * time.Second
	defaultPoll        = 50 * time.Millisecond
)

// Option changes a default of [New].
type Option func(*Locker)

// WithLogger logs lost leases and broken locks. The default, or nil, logs
// nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(l *Locker) {
		if logger != nil {
			l.logger = logger
		}
	}
}

// WithObserver calls f for every [Event], on the goroutine that caused it. f
// must not block, and must be safe for concurrent use. Its context is that of
// the call or, in the background, has the values of the one with which the name
// was acquired. The default, or nil, observes nothing.
func WithObserver(f func(context.Context, Event)) Option {
	return func(l *Locker) {
		if f != nil {
			l.observe = f
		}
	}
}

// WithCallTimeout bounds every single request to the server; 0 is the default,
// two seconds. It panics if timeout is negative.
func WithCallTimeout(timeout time.Duration) Option {
	if timeout < 0 {
		panic("lock.WithCallTimeout: timeout is negative")
	}
	return func(l *Locker) { l.call = cmp.Or(timeout, defaultCallTimeout) }
}

// WithPoll sets the mean time between two attempts of a waiting caller while
// another process holds the name; 0 is the default, 50 ms. Every pause
// is random, between half and one and a half of it. It is also the measure of
// fairness: a process that has had a name for this long without a break yields to
// others that wait, for as long as they need to poll once; see the package's
// guarantees. All processes should have the same. It panics if interval is
// negative.
func WithPoll(interval time.Duration) Option {
	if interval < 0 {
		panic("lock.WithPoll: interval is negative")
	}
	return func(l *Locker) { l.poll = cmp.Or(interval, defaultPoll) }
}

// WithRandom draws the random parts of all pauses: a duration of 0 up to, not
// including, n. With f from a seed a simulation replays; f must be safe for
// concurrent use. The default, or nil, is math/rand/v2. Tokens are never drawn
// with it.
func WithRandom(f func(n time.Duration) time.Duration) Option {
	return func(l *Locker) {
		if f != nil {
			l.random = f
		}
	}
}

// WithDefaults sets options for all leases of this Locker; those of a call
// come after them. It panics if one of them is nil, or its duration negative, but
// for [WithWait].
func WithDefaults(opts ...AcquireOption) Option {
	var s settings
	s.apply(opts)
	if s.hasNil {
		panic("lock.WithDefaults: opts has a nil AcquireOption")
	}
	if s.ttl < 0 || s.minHold < 0 || s.maxHold < 0 {
		panic("lock.WithDefaults: a duration of opts is negative")
	}
	return func(l *Locker) { l.defaults.apply(opts) }
}

// New returns a Locker over the backend. It starts nothing. The backend stays
// open when the Locker is closed. It panics if backend or an option is nil.
func New(backend Backend, opts ...Option) *Locker {
	if backend == nil {
		panic("lock.New: backend is nil")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	l := &Locker{
		server: &server{
			backend: backend,
			props:   backend.Properties(),
			owner:   Owner{Host: host, PID: os.Getpid()},
			call:    defaultCallTimeout,
			tasks:   newTasks(),
			logger:  slog.New(slog.DiscardHandler),
			observe: func(context.Context, Event) {},
		},
		defaults: settings{ttl: DefaultTTL},
		poll:     defaultPoll,
		random:   rand.N[time.Duration],
	}
	for _, o := range opts {
		if o == nil {
			panic("lock.New: opts has a nil Option")
		}
		o(l)
	}
	l.queues = newQueues(newWaitMarks(l.server, l.poll), l.tasks.closing.Done(), l.poll)
	return l
}

// Properties returns the promises of the backend.
func (l *Locker) Properties() Properties { return l.props }

// Close lets waiting callers return with [ErrClosed], ends and releases all
// leases, and waits for everything that the Locker has started and for calls
// under way: at most for two call timeouts ([WithCallTimeout]), one for requests
// in flight and one for the releases, or as long as a client takes that knows no
// contexts. What could not be released by then ends with its TTL.
//
// Close does not wait for the work that is done under the leases, nor for the
// functions of [Locker.Do]: end them first, since others may have their names
// when Close has released them. It is safe to call twice.
func (l *Locker) Close() {
	for _, le := range l.tasks.close(time.Now().Add(2 * l.call)) {
		l.tasks.run(func() { _ = le.release(context.Background(), ErrClosed) }) // the TTL ends what cannot be released
	}
	l.tasks.wait()
	l.schedule.stop()
}
