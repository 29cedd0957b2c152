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
	keys           [2]string // lock and record
	owner          string
	args           [3]any // token, owner and lifetime

	// What is sent by Eval or EvalSha: redislock's script and ours.
	eval          func(p redis.Pipeliner, ctx context.Context, script string, keys []string, args ...any) *redis.Cmd
	ctx           context.Context
	obtain, fence string
	obtainKeys    []string
	obtainArgs    []any
	drawn         *redis.Cmd

	got      uint64
	err      error
	holder   lock.Owner
	left     time.Duration
	replicas acknowledged
}

// EvalSha implements [redis.Scripter].
func (f *fencing) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	f.eval, f.obtain, f.fence = redis.Pipeliner.EvalSha, sha, f.b.fence.Hash()
	return f.both(ctx, keys, args)
}

// Eval implements [redis.Scripter]: redislock calls it when the server does
// not know the script yet.
func (f *fencing) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	f.eval, f.obtain, f.fence = redis.Pipeliner.Eval, script, fenceSource
	return f.both(ctx, keys, args)
}

func (f *fencing) both(ctx context.Context, keys []string, args []any) (obtained *redis.Cmd) {
	f.ctx, f.obtainKeys, f.obtainArgs, f.drawn = ctx, keys, args, nil
	f.args = [3]any{args[0], f.owner, args[2]} // redislock stores the token, for so long
	obtained, f.replicas = f.b.pipeline(ctx, f.keys[0], f)
	if f.drawn == nil { // no server to send it to
		f.err = obtained.Err()
		return obtained
	}
	if obtained.Err() == nil && f.drawn.Err() != nil && redis.HasErrorPrefix(f.drawn.Err(), "NOSCRIPT") {
		f.drawn, f.replicas = f.b.pipeline(ctx, f.keys[0], batchFunc(func(p redis.Pipeliner) *redis.Cmd {
			return p.Eval(ctx, fenceSource, f.keys[:], f.args[:]...)
		}))
	}
	f.read(f.drawn)
	return obtained
}

// queue implements batch.
func (f *fencing) queue(p redis.Pipeliner) (first *redis.Cmd) {
	first = f.eval(p, f.ctx, f.obtain, f.obtainKeys, f.obtainArgs...)
	f.drawn = f.eval(p, f.ctx, f.fence, f.keys[:], f.args[:]...)
	return first
}

func (f *fencing) read(cmd *redis.Cmd) {
	f.err = cmd.Err()
	switch answer := cmd.Val().(type) {
	case string:
		f.got = number(answer)
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
