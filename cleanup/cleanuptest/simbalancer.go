package cleanuptest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// maxCheckAge is how old the balancer's knowledge of a node is at most: three checks,
	// one every two seconds.
	maxCheckAge  = 6 * time.Second
	checkTimeout = 2 * time.Second
	// requestTimeout is how long a client waits for an answer.
	requestTimeout = 10 * time.Second
	// burstSize is how many requests there are in burstTime before a process ends and after
	// it has started or ended.
	burstSize = 5
	burstTime = 20 * time.Second
)

// balancer sends the requests of clients to the nodes.
type balancer struct {
	w        *world
	nodes    []*goNode
	requests sync.WaitGroup // those under way

	mu   sync.Mutex
	sent int
}

// balance makes requests until the simulation ends.
func (b *balancer) balance() {
	w := b.w
	for sleep(w.ctx, w.between(0, 2*w.Traffic.Interval, "next client")) == nil {
		b.requests.Go(func() { b.request("client") })
	}
}

// burst makes some requests in the seconds after a time, which is when a process starts or
// ends: then they are most likely to fail.
func (b *balancer) burst(name string, after time.Duration) {
	w := b.w
	if !w.Traffic.isSet() {
		return
	}
	for i := range burstSize {
		me := "client " + strconv.Itoa(i) + " of " + name
		later := after + w.between(0, burstTime, me)
		b.requests.Go(func() {
			if sleep(w.ctx, later) == nil {
				b.request(me)
			}
		})
	}
}

// request makes one request. me tells requests of one moment apart.
func (b *balancer) request(me string) {
	w := b.w
	checked := w.now()
	send := checked + w.between(0, maxCheckAge, me, "check")
	ready := b.ready(me)
	if sleep(w.ctx, send-w.now()) != nil {
		return
	}
	n, r := b.next(me)
	failed := FailedRequest{At: w.now(), Path: r.URL.Path}
	for i := range ready {
		node := ready[(uint64(i)+w.random.draw(checked, me, "node"))%uint64(len(ready))]
		if failed.Status, failed.Err = node.ask(r, requestTimeout, me); !errors.Is(failed.Err, errRefused) {
			failed.Node = node.name
			break
		}
	}
	w.note("request %d to %s: status %d", n, failed.Node, failed.Status)
	b.count(failed, checked)
}

// ready returns the nodes that are ready, by a check of all at the same time.
func (b *balancer) ready(me string) (ready []*goNode) {
	isReady := make([]bool, len(b.nodes))
	var checks sync.WaitGroup
	for i, n := range b.nodes {
		isReady[i] = n.listening() != nil
		if path := b.w.Traffic.ReadyPath; isReady[i] && path != "" {
			checks.Go(func() {
				status, err := n.ask(get(path), checkTimeout, me+" checks")
				isReady[i] = err == nil && status < http.StatusBadRequest
			})
		}
	}
	checks.Wait()
	for i, n := range b.nodes {
		if isReady[i] {
			ready = append(ready, n)
		}
	}
	return ready
}

// next returns the next request and its number.
func (b *balancer) next(me string) (n int, r *http.Request) {
	b.mu.Lock()
	n = b.sent
	b.sent++
	b.mu.Unlock()
	t := b.w.Traffic
	if t.Request != nil {
		return n, t.Request(n)
	}
	return n, get(t.Paths[b.w.random.draw(b.w.now(), me, "path")%uint64(len(t.Paths))])
}

// get returns a request of a client on the same host, which health checks allow.
func get(path string) *http.Request {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://node"+path, http.NoBody)
	if err != nil {
		panic("cleanuptest: Simulation.Traffic: " + err.Error())
	}
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1024"
	return r
}

// count notes what has become of a request. One that ends with the simulation does not count.
func (b *balancer) count(r FailedRequest, checked time.Duration) {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx.Err() != nil {
		return
	}
	w.requests.Sent++
	if r.Node == "" {
		w.requests.NotReady++
		return
	}
	if r.Err == nil {
		w.requests.Statuses[r.Status]++
	}
	if r.Err != nil || r.Status >= http.StatusInternalServerError {
		r.Avoidable = !errors.Is(r.Err, errDead) && w.faults == 0 && w.outage <= checked
		w.requests.Failed = append(w.requests.Failed, r)
	}
}
