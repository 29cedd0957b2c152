package redisadapter

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// setTogether sets all items or none.
func (a *Adapter) setTogether(ctx context.Context, items []cache.Item) error {
	pipe := a.client.TxPipeline()
	cmds := make([]*redis.StatusCmd, len(items))
	for i := range items {
		cmds[i] = set(ctx, pipe, &items[i])
	}
	_, execErr := pipe.Exec(ctx)
	if execErr == nil {
		return nil
	}
	for _, cmd := range cmds { // why, rather than that EXEC was refused
		if err := cmd.Err(); err != nil && !errors.Is(execErr, err) {
			execErr = errors.Join(execErr, err)
			break
		}
	}
	return adapterkit.Error("set", adapterkit.Keys(items), classify(ctx, execErr))
}

// setEach sets each item on its own, in one pipeline.
func (a *Adapter) setEach(ctx context.Context, items []cache.Item) error {
	pipe := a.client.Pipeline()
	cmds := make([]*redis.StatusCmd, len(items))
	for i := range items {
		cmds[i] = set(ctx, pipe, &items[i])
	}
	_, err := pipe.Exec(ctx)
	if err == nil {
		return nil
	}
	if err := pipelineErr(err, cmds...); err != nil {
		return adapterkit.Error("set", adapterkit.Keys(items), classify(ctx, err))
	}
	var failed adapterkit.Failures
	for i, cmd := range cmds {
		failed.Add(items[i].Key, classify(ctx, cmd.Err()))
	}
	return failed.Error("set")
}

// refusesTransactions reports whether a transaction failed since there is a
// proxy in front of the server that closes the connection at a command that it
// does not know. Nothing of the transaction was done then. A connection that
// was lost by chance looks the same: so reading has to work, and EXEC alone,
// which every Redis answers with an error, has to end the connection again.
func (a *Adapter) refusesTransactions(ctx context.Context, err error) bool {
	return isLostConnection(err) && a.Ping(ctx) == nil &&
		isLostConnection(sendStatus(ctx, a.client, "exec").Err()) && a.Ping(ctx) == nil
}

// isLostConnection reports whether the other side has ended a connection: it is
// neither an answer of the server, nor a wait that was too long, nor a server
// that cannot be reached.
func isLostConnection(err error) bool {
	var answer redis.Error
	var network *net.OpError
	switch {
	case err == nil, errors.As(err, &answer), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &network):
		return !network.Timeout() && network.Op != "dial"
	}
	return true
}
