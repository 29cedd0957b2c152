package redislocker

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/lock"
)

// fencing sends redislock's script and the one that draws the fence in one
// pipeline, so that an acquire with a fence is one round trip; with replicas,
// the wait for them, too.
type fencing struct {
	redis.Scripter // for what redislock does not call
	b              *Backend
	keys           []string // lock and record
	args           []any    // token, owner, milliseconds until the record ends

	fence    uint64
	err      error
	holder   lock.Owner
	left     time.Duration
	replicas acknowledged
}

// EvalSha implements [redis.Scripter].
func (f *fencing) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return f.both(ctx, func(p redis.Pipeliner) (*redis.Cmd, *redis.Cmd) {
		return p.EvalSha(ctx, sha, keys, args...), p.EvalSha(ctx, f.b.fence.Hash(), f.keys, f.args...)
	})
}

// Eval implements [redis.Scripter]: redislock calls it when the server does
// not know the script yet.
func (f *fencing) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return f.both(ctx, func(p redis.Pipeliner) (*redis.Cmd, *redis.Cmd) {
		return p.Eval(ctx, script, keys, args...), p.Eval(ctx, fenceSource, f.keys, f.args...)
	})
}

func (f *fencing) both(ctx context.Context, send func(redis.Pipeliner) (obtain, fence *redis.Cmd)) *redis.Cmd {
	var fence *redis.Cmd
	obtain, replicas := f.b.pipeline(ctx, f.keys[0], func(p redis.Pipeliner) (obtain *redis.Cmd) {
		obtain, fence = send(p)
		return obtain
	})
	if obtain.Err() == nil && fence.Err() != nil && redis.HasErrorPrefix(fence.Err(), "NOSCRIPT") {
		fence, replicas = f.b.pipeline(ctx, f.keys[0], func(p redis.Pipeliner) *redis.Cmd {
			return p.Eval(ctx, fenceSource, f.keys, f.args...)
		})
	}
	f.read(fence)
	f.replicas = replicas
	return obtain
}

func (f *fencing) read(cmd *redis.Cmd) {
	f.err = cmd.Err()
	switch answer := cmd.Val().(type) {
	case string:
		f.fence = number(answer)
	case []any:
		if len(answer) != 2 {
			return
		}
		f.holder = owner(answer[0])
		if ms, ok := answer[1].(int64); ok && ms > 0 {
			f.left = time.Duration(ms) * time.Millisecond
		}
	}
}

// granted answers redislock's question for a lock with yes, and asks nobody;
// what comes after goes to the server.
type granted struct {
	redis.Scripter
	yes   *redis.Cmd
	asked bool
}

// EvalSha implements [redis.Scripter].
func (g *granted) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	if g.asked {
		return g.Scripter.EvalSha(ctx, sha, keys, args...)
	}
	g.asked = true
	return g.yes
}
