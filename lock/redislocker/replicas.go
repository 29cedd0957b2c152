package redislocker

import (
	"cmp"
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
// that a failover to one of them loses no lease silently. Set n to the number of
// replicas that may become the master: Sentinel and Cluster choose the one that is
// most up to date, but only among those that they can reach. Fewer acknowledgements
// within the timeout make the request fail with [lock.ErrUnavailable]: the
// lock stops before it is unsafe, also on a master that a partition has cut
// off from its replicas.
//
// The timeout, [DefaultReplicaTimeout] if 0, is rounded up to milliseconds and
// has to be well below the client's read timeout and the Locker's call timeout.
// With 0 replicas, the default, none is waited for. WithReplicas panics if n
// or timeout is negative, and [New] if the client with it is neither a
// [*redis.Client] nor a [*redis.ClusterClient].
func WithReplicas(n int, timeout time.Duration) Option {
	switch {
	case n < 0:
		panic("redislocker.WithReplicas: n is negative")
	case timeout < 0:
		panic("redislocker.WithReplicas: timeout is negative")
	}
	return func(b *Backend) { b.wait = wait{n: n, timeout: whole(cmp.Or(timeout, DefaultReplicaTimeout))} }
}

// DefaultReplicaTimeout is how long [WithReplicas] waits unless told otherwise.
const DefaultReplicaTimeout = 500 * time.Millisecond

// WithLogger warns, at the first acquire, if the server may evict locks; see
// [Backend.Check]. The default logs nothing and does not look.
func WithLogger(logger *slog.Logger) Option {
	return func(b *Backend) {
		if logger != nil {
			b.logger = logger
		}
	}
}

// wait has the arguments of WithReplicas.
type wait struct {
	n       int // 0: for none
	timeout time.Duration
}

// mustWork panics if the client cannot do what was asked for.
func (w wait) mustWork(client redis.UniversalClient) {
	switch client.(type) {
	case *redis.Client, *redis.ClusterClient:
	default:
		if w.n > 0 {
			panic(fmt.Sprintf("redislocker.New: client is a %T, which cannot wait for the replicas of WithReplicas", client))
		}
	}
}

// acknowledged is the reply to WAIT.
type acknowledged struct {
	cmd  *redis.Cmd // nil if none was waited for
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

// run runs a script and, if replicas are asked for, the wait for them.
func (b *Backend) run(ctx context.Context, script *redis.Script, keys []string, args ...any) (*redis.Cmd, acknowledged) {
	if b.wait.n == 0 {
		return script.Run(ctx, b.client, keys, args...), acknowledged{}
	}
	cmd, acks := b.pipeline(ctx, keys[0], func(p redis.Pipeliner) *redis.Cmd { return script.EvalSha(ctx, p, keys, args...) })
	if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
		cmd, acks = b.pipeline(ctx, keys[0], func(p redis.Pipeliner) *redis.Cmd { return script.Eval(ctx, p, keys, args...) })
	}
	return cmd, acks
}

// pipeline sends a script for a key, and the wait for the replicas after
// it on the same connection, since WAIT counts what its connection wrote. The
// client of a cluster would send WAIT, which has no key, to any node: so the
// key's master is asked itself, and once more if it has moved.
func (b *Backend) pipeline(ctx context.Context, key string, script func(redis.Pipeliner) *redis.Cmd) (cmd *redis.Cmd, acks acknowledged) {
	cluster, ok := b.client.(*redis.ClusterClient)
	if !ok {
		return b.send(ctx, b.client.Pipeline(), script)
	}
	for again := false; ; again = true {
		master, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			cmd = redis.NewCmd(ctx)
			cmd.SetErr(err)
			return cmd, acknowledged{}
		}
		cmd, acks = b.send(ctx, master.Pipeline(), script)
		if again || !redis.HasErrorPrefix(cmd.Err(), "MOVED") && !redis.HasErrorPrefix(cmd.Err(), "READONLY") {
			return cmd, acks
		}
		reload(ctx, cluster)
	}
}

// send sends the script and the wait. It sees to it that each command has its
// own error or an answer: what fails before the first is sent (a login, say) is
// told of the whole only.
func (b *Backend) send(ctx context.Context, p redis.Pipeliner, script func(redis.Pipeliner) *redis.Cmd) (cmd *redis.Cmd, acks acknowledged) {
	cmd = script(p)
	acks = acknowledged{p.Do(ctx, "WAIT", b.wait.n, b.wait.timeout.Milliseconds()), b.wait.n}
	_, err := p.Exec(ctx)
	for _, c := range []*redis.Cmd{cmd, acks.cmd} {
		if err != nil && c.Err() == nil && c.Val() == nil {
			c.SetErr(err)
		}
	}
	return cmd, acks
}

// reload learns anew who is the master of what, before it returns;
// [redis.ClusterClient.ReloadState] does it some time later.
func reload(ctx context.Context, c *redis.ClusterClient) {
	_ = c.ForEachMaster(ctx, func(context.Context, *redis.Client) error { return nil }) // the next request fails, if this does
}
