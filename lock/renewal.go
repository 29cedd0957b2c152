package lock

import (
	"context"
	"errors"
	"time"
)

// renewal is what keeps a lease alive. Its alarm is due with the next renewal,
// and at the deadline while one is in flight. The lease's mutex guards it.
type renewal struct {
	alarm alarm
	stop  context.CancelFunc // ends the one in flight
	done  chan struct{}      // closed when the one in flight has ended, else nil
}

// endRenewal lets no further renewal begin, and cancels the one in flight. The
// caller holds le.mu.
func (le *Lease) endRenewal() {
	le.srv.schedule.drop(&le.renewal.alarm)
	if le.renewal.stop != nil {
		le.renewal.stop()
	}
}

// limit returns the deadline of a lease whose request was sent at the given time.
func (le *Lease) limit(sent time.Time) time.Time {
	d := sent.Add(le.srv.props.trusted(le.opts.serverTTL(le.srv.props, sent.Sub(le.began))))
	if le.opts.maxHold > 0 && d.After(le.began.Add(le.opts.maxHold)) {
		d = le.began.Add(le.opts.maxHold)
	}
	return d
}

// start schedules the first renewal.
func (le *Lease) start() {
	le.mu.Lock()
	defer le.mu.Unlock()
	if le.ended == nil { // a Close may have been quicker
		le.renewal.alarm.call = le
		le.arm(le.third(le.began))
	}
}

// awaitRenewal waits for the renewal in flight, after the lease has ended.
func (le *Lease) awaitRenewal() {
	le.mu.Lock()
	done := le.renewal.done
	le.mu.Unlock()
	if done != nil {
		<-done
	}
}

// third returns how long from now the next renewal is due after one that was sent at
// the given time: a third of the TTL later, or sooner if the margin leaves the
// holder less than two, less the share of the name.
func (le *Lease) third(sent time.Time) time.Duration {
	d := min(le.opts.ttl/3, le.srv.props.trusted(le.opts.ttl)/2)
	return d - time.Duration(float64(d)*spread(le.name)/5) - time.Since(sent)
}

// spread returns a number from 0 to 1 that differs from name to name, so that the
// renewals of names that were taken together do not stay together. It is no
// random one, so that a simulation replays.
func spread(name string) float64 {
	h := uint32(2166136261) // FNV-1a, and a mix, since names are alike
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	h ^= h >> 16
	return float64(h) / (1 << 32)
}

// arm sets the alarm, for the deadline at the latest. The caller holds le.mu.
func (le *Lease) arm(d time.Duration) {
	le.srv.schedule.set(&le.renewal.alarm, minTime(time.Now().Add(d), le.deadline))
}

// due is called by the schedule.
func (le *Lease) due() {
	le.srv.tasks.enter()
	defer le.srv.tasks.finish()
	le.mu.Lock()
	switch {
	case le.ended != nil:
		le.mu.Unlock()
		return
	case !time.Now().Before(le.deadline):
		le.mu.Unlock()
		le.expire()
		return
	case le.renewal.done != nil: // the deadline has moved since the alarm was set
		le.arm(time.Until(le.deadline))
		le.mu.Unlock()
		return
	}
	renew := le.beginRenewal(le.values())
	le.mu.Unlock()
	_ = renew() // the deadline says what comes of it
}

// beginRenewal marks a renewal as in flight and returns the function that
// performs it. The caller holds le.mu, and none is in flight.
func (le *Lease) beginRenewal(ctx context.Context) (renew func() error) {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	le.renewal.stop, le.renewal.done = stop, done
	le.arm(time.Until(le.deadline))
	return func() error {
		defer stop()
		sent := time.Now()
		err := le.renew(ctx)

		le.mu.Lock()
		close(done)
		le.renewal.stop, le.renewal.done = nil, nil
		over := le.ended
		switch {
		case over != nil, errors.Is(err, ErrLost):
		case err != nil:
			// The lease survives a short outage; the deadline stands.
			le.arm(max(le.opts.ttl/20, time.Millisecond))
		default:
			le.arm(le.third(sent))
		}
		le.mu.Unlock()
		if over != nil {
			return over
		}
		if errors.Is(err, ErrLost) {
			le.lose(ErrLost)
		}
		return err
	}
}

// Renew extends the lease to its full TTL now. It returns the cause of the end
// of a lease that has ended, and the error of the server; [ErrLost] from the
// server ends the lease. The next renewal is due about a third of the TTL later.
func (le *Lease) Renew(ctx context.Context) error {
	le.srv.tasks.enter()
	defer le.srv.tasks.finish()
	if err := le.renewNow(ctx); err != nil {
		return wrapErr("renew", le.name, err)
	}
	return nil
}

// renewNow waits for the renewal in flight, if there is one, and renews.
func (le *Lease) renewNow(ctx context.Context) error {
	for {
		if err := le.Err(); err != nil {
			return err
		}
		le.mu.Lock()
		done := le.renewal.done
		if le.ended == nil && done == nil {
			renew := le.beginRenewal(ctx)
			le.mu.Unlock()
			return renew()
		}
		le.mu.Unlock()
		if done == nil {
			continue // it has just ended
		}
		select {
		case <-done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (le *Lease) renew(ctx context.Context) error {
	sent := time.Now()
	call, cancel := context.WithDeadline(ctx, minTime(sent.Add(le.srv.call), le.Expiry()))
	defer cancel()
	err := le.srv.backend.Renew(call, le.name, le.claim.Token, le.opts.serverTTL(le.srv.props, sent.Sub(le.began)))
	err = leaseErr(err)
	if ctx.Err() == nil {
		le.srv.tell(ctx, Event{Op: "renew", Name: le.name, Duration: time.Since(sent), Err: err})
	}
	if err == nil {
		le.extend(sent)
	}
	return err
}

// extend moves the deadline, unless the lease has ended by now.
func (le *Lease) extend(sent time.Time) {
	le.mu.Lock()
	defer le.mu.Unlock()
	if limit := le.limit(sent); le.ended == nil && limit.After(le.deadline) {
		le.deadline = limit
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
