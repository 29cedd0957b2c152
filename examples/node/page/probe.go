package page

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// The servers are measured so often, and the charts show so many measurements: a quarter
// of an hour.
const (
	sampleEvery = 10 * time.Second
	samplesKept = 90
)

// sample is one measurement of a server.
type sample struct {
	at      time.Time
	latency time.Duration // without meaning if it failed
	failed  bool
}

// probe measures one server with requests that read, as the node's own do.
type probe struct {
	part   part[time.Duration]
	name   string
	logger *slog.Logger

	mu      sync.Mutex
	samples []sample
	// failing is since when the server has failed, zero if it answers.
	failing time.Time
}

func newProbe(name string, ping func(context.Context) error, logger *slog.Logger) *probe {
	p := &probe{name: name, logger: logger}
	p.part = part[time.Duration]{keep: keepState, read: func(ctx context.Context) (time.Duration, error) {
		start := time.Now()
		err := ping(ctx)
		return time.Since(start), err
	}}
	return p
}

// ask returns the error of the server now, nil if it answers.
func (p *probe) ask(ctx context.Context) error {
	_, err := p.part.get(ctx)
	p.note(ctx, err)
	return err
}

// note remembers since when the server fails, and logs its first failure and its recovery.
func (p *probe) note(ctx context.Context, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil && p.failing.IsZero():
		p.failing = time.Now()
		p.logger.WarnContext(ctx, "the status page cannot reach a server", slog.String("server", p.name), slog.Any("error", err))
	case err == nil && !p.failing.IsZero():
		p.logger.InfoContext(ctx, "the status page reaches a server again", slog.String("server", p.name), slog.Duration("outage", time.Since(p.failing)))
		p.failing = time.Time{}
	}
}

// measure adds a sample.
func (p *probe) measure(ctx context.Context) {
	at := time.Now()
	latency, err := p.part.get(ctx)
	if ctx.Err() != nil {
		return // the node stops; that says nothing about the server
	}
	p.note(ctx, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.samples = append(p.samples, sample{at: at, latency: latency, failed: err != nil})
	if n := len(p.samples); n > samplesKept {
		p.samples = append(p.samples[:0], p.samples[n-samplesKept:]...)
	}
}

// recent returns a copy of the samples, oldest first, and since when the server fails.
func (p *probe) recent() ([]sample, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sample(nil), p.samples...), p.failing
}

// Run measures the latency of cache and database every ten seconds until ctx ends, for the
// charts of the last quarter of an hour. Without it the page has no charts. It writes
// nothing to the cluster.
func (p *Page) Run(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		var both sync.WaitGroup
		both.Go(func() { p.cache.measure(ctx) })
		both.Go(func() { p.database.measure(ctx) })
		both.Wait()
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// pingCache reads the schedule, which has to be there for the cleanup, past the observers
// of the pool: the requests of the page are no work of the node.
func (p *Page) pingCache(ctx context.Context) error {
	_, err := p.node.Pool.Adapter().Get(ctx, string(cleanup.NextCleanup))
	return err
}

func (p *Page) pingDatabase(ctx context.Context) error {
	if db, ok := p.node.Database.(interface {
		Ping(ctx context.Context) error
	}); ok {
		return db.Ping(ctx)
	}
	_, err := p.node.Database.Recent(ctx, 1)
	return err
}
