package redislocker

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// unrepeated runs scripts that go-redis must not send again on its own after a
// reply was lost: a release would find nothing then, and be taken for that of
// a lost lease. go-redis does so with its default MaxRetries, and on Cluster
// with any.
type unrepeated struct {
	redis.Scripter // for what Script.Run does not call
	client         redis.UniversalClient
}

// EvalSha implements [redis.Scripter].
func (u *unrepeated) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return u.send(ctx, "evalsha", sha, keys, args)
}

// Eval implements [redis.Scripter].
func (u *unrepeated) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return u.send(ctx, "eval", script, keys, args)
}

func (u *unrepeated) send(ctx context.Context, name, script string, keys []string, args []any) *redis.Cmd {
	all := append(make([]any, 0, 3+len(keys)+len(args)), name, script, len(keys))
	for _, k := range keys {
		all = append(all, k)
	}
	cmd := redis.NewCmd(ctx, append(all, args...)...)
	cmd.SetFirstKeyPos(3)
	return once(ctx, u.client, cmd)
}

// once sends a command that go-redis does not send again.
func once(ctx context.Context, client redis.UniversalClient, cmd *redis.Cmd) *redis.Cmd {
	_ = client.Process(ctx, onceCmd{cmd}) // cmd has the error, too
	return cmd
}

type onceCmd struct{ *redis.Cmd }

// NoRetry implements [redis.Cmder].
func (onceCmd) NoRetry() bool { return true }
