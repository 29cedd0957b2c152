package redislocker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/lock"
)

// Option changes a default of [New].
type Option func(*Backend)

// WithReplicas lets an acquire and a renewal count only when so many replicas
// have them, as WAIT says in the same pipeline on the master of the key, so
// that a failover to one of them loses no lease silently. Name all replicas
// that may become the master: Sentinel and Cluster choose the one that is most
// up to date, but only among those that they can reach. Fewer acknowledgements
// within the timeout make the request fail with [lock.ErrUnavailable]: the
// lock stops before it is unsafe, also on a master that a partition has cut
// off from its replicas.
//
// The timeout is at least 1 ms and has to be well below the client's read
// timeout and the Locker's call timeout. The default is to wait for nobody.
func WithReplicas(n int, timeout time.Duration) Option {
	return func(b *Backend) { b.wait = wait{asked: true, n: n, timeout: timeout} }
}

// WithLogger warns, at the first acquire, if the server may evict locks; see
// [Backend.Check]. The default logs nothing and does not look.
func WithLogger(logger *slog.Logger) Option {
	return func(b *Backend) {
		if logger != nil {
			b.logger = logger
		}
	}
}

// wait is what WithReplicas asks for.
type wait struct {
	asked   bool
	n       int
	timeout time.Duration
}

func (w wait) check(client redis.UniversalClient) error {
	_, one := client.(*redis.Client)
	_, cluster := client.(*redis.ClusterClient)
	switch {
	case !w.asked:
		return nil
	case w.n < 1:
		return &lock.OptionError{Option: "replicas", Reason: fmt.Sprintf("are %d, not 1 or more", w.n)}
	case w.timeout < time.Millisecond:
		return &lock.OptionError{Option: "timeout of the replicas", Reason: fmt.Sprintf("of %v is shorter than 1ms", w.timeout)}
	case !one && !cluster:
		return &lock.OptionError{Option: "replicas", Reason: fmt.Sprintf("cannot be waited for with a %T", client)}
	}
	return nil
}

// acknowledged is the answer to WAIT.
type acknowledged struct {
	cmd  *redis.Cmd // nil if nobody was waited for
	want int
}

func (a acknowledged) enough() error {
	if a.cmd == nil {
		return nil
	}
	n, err := a.cmd.Int()
	if err != nil {
		return classify(err)
	}
	if n < a.want {
		return fmt.Errorf("%w: only %d of %d replicas have the lock", lock.ErrUnavailable, n, a.want)
	}
	return nil
}

// batch are the scripts of a pipeline.
type batch interface {
	queue(p redis.Pipeliner) (first *redis.Cmd)
}

type batchFunc func(p redis.Pipeliner) (first *redis.Cmd)

func (f batchFunc) queue(p redis.Pipeliner) *redis.Cmd { return f(p) }

// pipeline sends the scripts for a key, and the wait for the replicas after
// them on the same connection, since WAIT counts what its connection wrote. The
// client of a cluster would send WAIT, which has no key, to any node: so the
// key's master is asked itself, and once more if it has moved.
func (b *Backend) pipeline(ctx context.Context, key string, scripts batch) (first *redis.Cmd, acks acknowledged) {
	cluster, ok := b.client.(*redis.ClusterClient)
	if !ok || !b.wait.asked {
		return b.send(ctx, b.client.Pipeline(), scripts)
	}
	for again := false; ; again = true {
		master, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			first = redis.NewCmd(ctx)
			first.SetErr(err)
			return first, acknowledged{}
		}
		first, acks = b.send(ctx, master.Pipeline(), scripts)
		if again || !redis.HasErrorPrefix(first.Err(), "MOVED") && !redis.HasErrorPrefix(first.Err(), "READONLY") {
			return first, acks
		}
		reload(ctx, cluster)
	}
}

// send sends the scripts and the wait. It sees to it that each command has its
// own error or an answer: what fails before the first is sent (a login, say) is
// told of the whole only.
func (b *Backend) send(ctx context.Context, p redis.Pipeliner, scripts batch) (first *redis.Cmd, acks acknowledged) {
	first = scripts.queue(p)
	if b.wait.asked {
		acks = acknowledged{p.Do(ctx, "WAIT", b.wait.n, b.wait.timeout.Milliseconds()), b.wait.n}
	}
	cmds, err := p.Exec(ctx)
	for _, c := range cmds {
		if cmd, ok := c.(*redis.Cmd); ok && err != nil && cmd.Err() == nil && cmd.Val() == nil {
			cmd.SetErr(err)
		}
	}
	return first, acks
}

// reload learns anew who is the master of what, before it returns;
// [redis.ClusterClient.ReloadState] does it some time later.
func reload(ctx context.Context, c *redis.ClusterClient) {
	_ = c.ForEachMaster(ctx, func(context.Context, *redis.Client) error { return nil }) // the next request fails, if this does
}
