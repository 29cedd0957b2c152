package redisadapter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// ignoreMiss drops the errors that mean a miss: no such key, or one that holds
// no string.
func ignoreMiss(err error) error {
	// Not errors.Is: the error of a Sentinel that does not know the master wraps redis.Nil.
	if err == nil || err == redis.Nil || redis.HasErrorPrefix(err, "WRONGTYPE") { //nolint:errorlint // likewise
		return nil
	}
	return err
}

// pipelineErr returns the error of a pipeline that none of its commands has: go-redis does
// not set it on them if the server refused the login.
func pipelineErr[C redis.Cmder](err error, cmds ...C) error {
	for _, c := range cmds {
		if c.Err() != nil {
			return nil //nolint:nilerr // the caller reads it from the command
		}
	}
	return err
}

// answers are the prefixes of the server's errors and what they mean; go-redis
// ignores a leading ERR when it compares them.
var answers = []struct {
	prefix   string
	sentinel error
}{
	{"NOAUTH", cache.ErrUnauthorized},
	{"WRONGPASS", cache.ErrUnauthorized},
	{"NOPERM", cache.ErrUnauthorized},
	{"DENIED", cache.ErrUnauthorized},                 // protected mode
	{"invalid password", cache.ErrUnauthorized},       // before Redis 6
	{"Client sent AUTH", cache.ErrUnauthorized},       // before Redis 6: no password is set
	{"AUTH <password> called", cache.ErrUnauthorized}, // since: no password is set
	{"unauthenticated", cache.ErrUnauthorized},
	{"READONLY", cache.ErrReadOnly},
	{"MISCONF", cache.ErrReadOnly},    // cannot save to disk and therefore refuses writes
	{"NOREPLICAS", cache.ErrReadOnly}, // min-replicas-to-write
	{"OOM", cache.ErrFull},
	{"string exceeds maximum allowed size", cache.ErrTooLarge},
	{"Protocol error: invalid bulk length", cache.ErrTooLarge},
}

// classify joins the sentinel of package cache that an error of go-redis or the
// server stands for. Anything else that goes wrong (dialling, time-outs, LOADING,
// MASTERDOWN, CLUSTERDOWN, TRYAGAIN, too many clients, a reply that makes no
// sense) means that the cache cannot be used now.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	c := adapterkit.Classify(err, sentinel)
	// The time-out of a connection that ends with the context is reported as
	// the context's: which of the two clocks noticed it first is chance.
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) && errors.Is(c, cache.ErrUnavailable) && !errors.Is(c, context.DeadlineExceeded) {
		c = fmt.Errorf("%w: %w: %w", cache.ErrUnavailable, context.DeadlineExceeded, err)
	}
	return c
}

// sentinel returns the condition that an answer of the server stands for, nil
// for none.
func sentinel(err error) error {
	if errors.Is(err, redis.ErrClosed) {
		return cache.ErrClosed
	}
	for _, a := range answers {
		if redis.HasErrorPrefix(err, a.prefix) || strings.Contains(err.Error(), a.prefix+" ") {
			return a.sentinel
		}
	}
	return nil
}
