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

// pipeline sends the scripts for a key, and the wait for the replicas after
// them on the same connection, since WAIT counts what its connection wrote. The
// client of a cluster would send WAIT, which has no key, to any node: so the
// key's master is asked itself, and once more if it has moved.
func (b *Backend) pipeline(ctx context.Context, key string, scripts func(redis.Pipeliner) (first *redis.Cmd)) (first *redis.Cmd, _ acknowledged) {
	if !b.wait.asked {
		answered(b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			first = scripts(p)
			return nil
		}))
		return first, acknowledged{}
	}
	cluster, ok := b.client.(*redis.ClusterClient)
	if !ok {
		return b.waiting(ctx, b.client, scripts)
	}
	for again := false; ; again = true {
		master, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			first = redis.NewCmd(ctx)
			first.SetErr(err)
			return first, acknowledged{}
		}
		first, acks := b.waiting(ctx, master, scripts)
		if again || !redis.HasErrorPrefix(first.Err(), "MOVED") && !redis.HasErrorPrefix(first.Err(), "READONLY") {
			return first, acks
		}
		reload(ctx, cluster)
	}
}

func (b *Backend) waiting(ctx context.Context, c redis.Cmdable, scripts func(redis.Pipeliner) *redis.Cmd) (first *redis.Cmd, acks acknowledged) {
	acks.want = b.wait.n
	answered(c.Pipelined(ctx, func(p redis.Pipeliner) error {
		first = scripts(p)
		acks.cmd = p.Do(ctx, "WAIT", b.wait.n, b.wait.timeout.Milliseconds())
		return nil
	}))
	return first, acks
}

// answered sees to it that each command of a pipeline has its own error or an
// answer: what fails before the first is sent (a login, say) is told of the
// whole only.
func answered(cmds []redis.Cmder, err error) {
	for _, c := range cmds {
		if cmd, ok := c.(*redis.Cmd); ok && err != nil && cmd.Err() == nil && cmd.Val() == nil {
			cmd.SetErr(err)
		}
	}
}

// reload learns anew who is the master of what, before it returns;
// [redis.ClusterClient.ReloadState] does it some time later.
func reload(ctx context.Context, c *redis.ClusterClient) {
	_ = c.ForEachMaster(ctx, func(context.Context, *redis.Client) error { return nil }) // the next request fails, if this does
}

// sender sends one script of redislock, with the wait for the replicas.
type sender struct {
	redis.Scripter // for what redislock does not call
	b              *Backend
	key            string
	replicas       acknowledged
}

// EvalSha implements [redis.Scripter].
func (s *sender) EvalSha(ctx context.Context, sha string, keys []string, args ...any) (cmd *redis.Cmd) {
	if !s.b.wait.asked {
		return s.b.client.EvalSha(ctx, sha, keys, args...)
	}
	cmd, s.replicas = s.b.pipeline(ctx, s.key, func(p redis.Pipeliner) *redis.Cmd { return p.EvalSha(ctx, sha, keys, args...) })
	return cmd
}

// Eval implements [redis.Scripter].
func (s *sender) Eval(ctx context.Context, script string, keys []string, args ...any) (cmd *redis.Cmd) {
	if !s.b.wait.asked {
		return s.b.client.Eval(ctx, script, keys, args...)
	}
	cmd, s.replicas = s.b.pipeline(ctx, s.key, func(p redis.Pipeliner) *redis.Cmd { return p.Eval(ctx, script, keys, args...) })
	return cmd
}
