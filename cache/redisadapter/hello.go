package redisadapter

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// SkipHello keeps HELLO from being sent, which go-redis sends on every new
// connection: the hook answers it as a server does that is older than Redis 6,
// and go-redis then logs in with AUTH and speaks RESP 2, as PHP does. A proxy
// such as twemproxy closes the connection at a command that it does not know.
// It needs DisableIdentity in the client's options as well:
//
//	client := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true})
//	client.AddHook(redisadapter.SkipHello{})
//
// A [*redis.ClusterClient] gets it for each of its nodes:
//
//	cluster.OnNewNode(func(node *redis.Client) { node.AddHook(redisadapter.SkipHello{}) })
type SkipHello struct{}

// DialHook implements [redis.Hook].
func (SkipHello) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements [redis.Hook].
func (SkipHello) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() != "hello" {
			return next(ctx, cmd)
		}
		cmd.SetErr(unknownCommand{})
		return unknownCommand{}
	}
}

// ProcessPipelineHook implements [redis.Hook].
func (SkipHello) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// unknownCommand is the answer of a server to a command that it does not know.
type unknownCommand struct{}

func (unknownCommand) Error() string { return "ERR unknown command" }

// RedisError implements [redis.Error].
func (unknownCommand) RedisError() {}
