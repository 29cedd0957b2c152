package cachetest

import (
	"context"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// do counts a request, and applies the fault that hits it, or does it.
func (f *Faulty) do(ctx context.Context, op Op, keys []string, request func() error, lost func()) error {
	fault, hit := f.pick(op, keys)
	if !hit {
		return request()
	}
	fail := func(err error) error { return adapterkit.Error(string(op), keys, err) }
	if err := sleep(ctx, fault.Delay); err != nil {
		return fail(err)
	}
	if fault.Err != nil {
		return fail(fault.Err)
	}
	if fault.Lost {
		if lost != nil {
			lost()
		}
		return nil
	}
	err := request()
	if err == nil && fault.ReplyLost != nil {
		return fail(fault.ReplyLost)
	}
	return err
}

// pick finds the fault that hits a request. It decides under the lock, so
// that Times is exact and Match is asked one at a time.
func (f *Faulty) pick(op Op, keys []string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[op]++
	for i, in := range slices.Backward(f.faults) {
		if in.Op != "" && in.Op != op || in.Key != "" && !slices.Contains(keys, in.Key) {
			continue
		}
		if in.Match != nil && !in.Match(op, keys) {
			continue
		}
		if in.Times > 0 {
			if in.left--; in.left == 0 {
				f.faults = slices.Delete(f.faults, i, i+1)
			}
		}
		return in.Fault, true
	}
	return Fault{}, false
}

func (f *Faulty) drop(in *injected) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = slices.DeleteFunc(f.faults, func(other *injected) bool { return other == in })
}

// sleep waits for d or the end of the context. When the deadline comes before
// the end of d, or with it, no timer is started that could race with it: what
// happens in a bubble depends on nothing but times.
func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		<-ctx.Done()
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
