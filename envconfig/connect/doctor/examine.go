package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// DefaultTimeout limits [Examine] if its context has no deadline.
const DefaultTimeout = 10 * time.Second

// Report is the result of [Examine]. It is plain data.
type Report struct {
	// Time is when the examination began.
	Time time.Time `json:"time"`
	// Findings are sorted, the worst first.
	Findings []Finding `json:"findings"`
	// Parts are the servers and directories that the node uses, and what they said.
	Parts []Part `json:"parts"`
}

// Part is a server or directory that the node uses, or the other nodes.
type Part struct {
	// Name is "cache", "locks", "database", "files" or "nodes".
	Name string `json:"name"`
	// Kind is "redis", "memcached", "filesystem", "mysql", "postgresql", "sqlite",
	// "directory" or "records".
	Kind string `json:"kind"`
	// Server is the address or path, and of nodes the number of their records.
	Server string `json:"server"`
	// Version is that of the server; empty if it is not known.
	Version string `json:"version,omitempty"`
	// Latency is the median of several small requests; 0 if none was answered. In JSON
	// it is latency_seconds.
	Latency time.Duration `json:"-"`
	// Ahead is how far the server's clock is ahead of this host's, negative if it is
	// behind, and nil if it is not known. It is exact to half a round trip. In JSON it
	// is clock_ahead_seconds.
	Ahead *time.Duration `json:"-"`
	// Facts are what else is known, by names in lower_snake_case.
	Facts map[string]string `json:"facts,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (p Part) MarshalJSON() ([]byte, error) {
	type plain Part
	out := struct {
		plain
		Latency float64  `json:"latency_seconds,omitempty"`
		Ahead   *float64 `json:"clock_ahead_seconds,omitempty"`
	}{plain: plain(p), Latency: p.Latency.Seconds()}
	if p.Ahead != nil {
		seconds := p.Ahead.Seconds()
		out.Ahead = &seconds
	}
	return json.Marshal(out)
}

// Examine looks at the settings, the shared cache, the locks, the database and mosparo's
// files, all at the same time, and returns what it has found until ctx ends, at the latest
// after [DefaultTimeout] if ctx has no deadline. What did not answer by then is a finding.
//
// It writes nothing, unless [WithWrites] lets it. To find out which rights it has on Redis
// it sends commands that can change nothing, on a key of its own; see the package. From a
// filesystem cache, reading removes an entry that has expired.
//
// A goroutine whose file operation hangs, on NFS for example, ends when that returns.
// Examine panics if s is nil.
func Examine(ctx context.Context, s *envconfig.Settings, opts ...Option) Report {
	if s == nil {
		panic("doctor.Examine: s is nil")
	}
	e := newExamination(s, newOptions("Examine", opts))
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultTimeout)
		defer cancel()
	}
	r := Report{Time: time.Now(), Findings: e.problems, Parts: []Part{}}
	for _, res := range e.run(ctx) {
		r.Findings = append(r.Findings, res.findings...)
		if res.part.Name != "" {
			r.Parts = append(r.Parts, e.filter.part(res.part))
		}
	}
	for i, f := range r.Findings {
		r.Findings[i] = e.filter.finding(f)
	}
	r.Findings = sorted(r.Findings)
	return r
}

// examination is the state of Examine.
type examination struct {
	options
	settings *envconfig.Settings
	filter   textFilter
	checks   []check
	// problems are found before the checks begin.
	problems []Finding
}

// check examines one part.
type check struct {
	name string
	run  func(ctx context.Context) result
}

// result is what a check returns. A part without a name is left out.
type result struct {
	part     Part
	findings []Finding
}

func (r *result) add(f ...Finding) { r.findings = append(r.findings, f...) }

func (r *result) fact(name, value string) {
	if r.part.Facts == nil {
		r.part.Facts = map[string]string{}
	}
	if value != "" {
		r.part.Facts[name] = value
	}
}

func newExamination(s *envconfig.Settings, o options) *examination {
	e := &examination{options: o, settings: s}
	locks := e.lockServer()
	e.filter = newTextFilter(s, locks.redis)
	e.checks = append(e.checks, check{"settings", func(context.Context) result { return result{findings: Settings(s)} }})
	e.addCache(locks)
	e.addLocks(locks)
	e.checks = append(e.checks, check{"database", e.database}, check{"files", e.files}, check{"nodes", e.nodes})
	if e.writes {
		e.checks = append(e.checks, check{"write", e.write})
	}
	return e
}

// lockServer is the server of the locks if it has an address of its own.
type lockServer struct {
	redis     *dsn.Redis
	memcached *dsn.Memcached
}

func (l lockServer) isSet() bool { return l.redis != nil || l.memcached != nil }

// run makes all checks at the same time.
func (e *examination) run(ctx context.Context) []result {
	// The checks end a little earlier than ctx, so that they can say what did not answer.
	end, _ := ctx.Deadline()
	bounded, cancel := context.WithDeadline(ctx, end.Add(-min(time.Until(end)/10, time.Second)))
	defer cancel()
	type numbered struct {
		i int
		result
	}
	done := make(chan numbered, len(e.checks))
	for i, c := range e.checks {
		go func() { done <- numbered{i, c.safely(bounded)} }()
	}
	results := make([]result, len(e.checks))
	pending := make(map[int]bool, len(e.checks))
	for i := range e.checks {
		pending[i] = true
	}
	for len(pending) > 0 {
		select {
		case r := <-done:
			results[r.i] = r.result
			delete(pending, r.i)
		case <-ctx.Done():
			for i := range pending {
				results[i] = result{findings: []Finding{hanging(e.checks[i].name)}}
			}
			return results
		}
	}
	return results
}

// safely turns a panic into a finding: client libraries panic at replies that make no
// sense.
func (c check) safely(ctx context.Context) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r.add(panicFinding(c.name, "the check", p))
		}
	}()
	return c.run(ctx)
}

func panicFinding(subject, work string, value any) Finding {
	return Finding{
		Code: "check_failed", Severity: Error, Subject: subject, What: fmt.Sprintf("%s ended in a panic: %v", work, value),
		Consequence: "what it looks for is not known", Remedy: "make sure that the address is that of the right kind of server; otherwise this is a mistake of this program: report it",
	}
}

func hanging(name string) Finding {
	return Finding{
		Code: "check_timed_out", Severity: Error, Subject: name, What: "it did not answer within the time limit",
		Consequence: "a node that uses it waits as well, and serves only what it has in memory",
		Remedy:      "see whether the server is overloaded or the network drops packets, or for a directory whether its network file system hangs; a longer time limit shows more",
	}
}

// connectOptions are for the functions of package connect.
func (e *examination) connectOptions() []connect.Option {
	if e.lockURL == "" {
		return e.connect
	}
	return append(e.connect[:len(e.connect):len(e.connect)], connect.WithLockURL(e.lockURL))
}

// ping sends a small request a few times and returns the median of the durations, and the
// error of the first that failed.
func ping(ctx context.Context, send func(context.Context) error) (time.Duration, error) {
	const times = 5
	took := make([]time.Duration, 0, times)
	for i := range times + 1 {
		start := time.Now()
		if err := send(ctx); err != nil {
			return 0, err
		}
		if i > 0 { // the first one opens the connection
			took = append(took, time.Since(start))
		}
	}
	return median(took), nil
}
