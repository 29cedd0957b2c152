package cleanuptest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// instantFault notes a fault of a process without duration.
func (w *world) instantFault() {
	at := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = max(w.fault, at)
}

// lastingFault begins a fault with change(1). heal ends it with change(-1).
func (w *world) lastingFault(change func(by int)) (heal func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults++
	change(1)
	return func() {
		at := w.now()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.faults--
		change(-1)
		w.fault, w.outage = max(w.fault, at), at
	}
}

// countGoNodes changes the number of Go nodes that run, which counts as a fault.
func (w *world) countGoNodes(by int) {
	at := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up += by
	w.fault = max(w.fault, at)
}

// injectFaults causes a random fault every few hours.
func (w *world) injectFaults() {
	var all sync.WaitGroup
	defer all.Wait()
	for n := 0; ; n++ {
		me := fmt.Sprintf("fault %d", n)
		if sleep(w.ctx, w.between(time.Minute, 8*time.Hour, me, "next")) != nil {
			return
		}
		switch w.random.draw(w.now(), me, "kind") % 6 {
		case 0, 1:
			all.Go(func() { w.partition(me) })
		case 2:
			all.Go(func() { w.slowdown(me) })
		case 3:
			w.note("the cache is flushed")
			w.flush(true, false)
		case 4:
			w.note("the lock server loses its data")
			w.flush(false, true)
		case 5:
			w.note("cache and lock server are flushed")
			w.flush(true, true)
		}
	}
}

// flush removes the data of servers.
func (w *world) flush(cache, locks bool) {
	if cache {
		_, _ = w.adapter.Flush(context.Background()) // a memory adapter that is open
		w.endQuiet()
	}
	if locks {
		w.locks.Forget()
	}
	w.lastingFault(func(int) {})()
}

func (w *world) server(me string) string {
	return []string{cacheServer, lockServer, databaseServer}[w.random.draw(w.now(), me, "server")%3]
}

// partition cuts one node, or all, off from a server.
func (w *world) partition(me string) {
	what := w.server(me)
	names := w.names()
	if n := w.random.draw(w.now(), me, "node") % uint64(len(names)+1); n > 0 {
		what = names[n-1] + " " + what
	}
	heal := w.lastingFault(func(by int) { w.cut[what] += by })
	w.note("%s is cut off", what)
	_ = sleep(w.ctx, w.between(100*time.Millisecond, 20*time.Minute, me, "lasts"))
	heal()
	w.note("%s is back", what)
}

// slowdown makes a server slow for a while.
func (w *world) slowdown(me string) {
	what := w.server(me)
	slow := w.between(50*time.Millisecond, 2*clientTimeout, me, "slow")
	heal := w.lastingFault(func(by int) { w.slow[what] = time.Duration(max(by, 0)) * slow })
	w.note("%s is slow: %v", what, slow)
	_ = sleep(w.ctx, w.between(time.Second, 20*time.Minute, me, "lasts"))
	heal()
	w.note("%s is quick again", what)
}
