package redisadapter

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Writes are sent once: go-redis repeats a command whose reply did not come in
// time, and the second one could undo what another node has written since the
// first. Redirections of a cluster are followed all the same.
type (
	onceStatus struct{ *redis.StatusCmd }
	onceInt    struct{ *redis.IntCmd }
)

// NoRetry implements [redis.Cmder]: go-redis does not repeat the command.
func (onceStatus) NoRetry() bool { return true }

// NoRetry implements [redis.Cmder]: go-redis does not repeat the command.
func (onceInt) NoRetry() bool { return true }

// sender is a client or a pipeline.
type sender interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

func sendStatus(ctx context.Context, to sender, args ...any) *redis.StatusCmd {
	cmd := redis.NewStatusCmd(ctx, args...)
	_ = to.Process(ctx, onceStatus{cmd}) // the command has its error
	return cmd
}

// sendRemove is UNLINK or DEL.
func sendRemove(ctx context.Context, to sender, name string, keys ...string) *redis.IntCmd {
	args := make([]any, 0, 1+len(keys))
	args = append(args, name)
	for _, k := range keys {
		args = append(args, k)
	}
	cmd := redis.NewIntCmd(ctx, args...)
	_ = to.Process(ctx, onceInt{cmd})
	return cmd
}
