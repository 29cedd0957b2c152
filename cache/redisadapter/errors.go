package redisadapter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
)

// missed drops the errors that mean a miss: no such key, or one that holds no
// string.
func missed(err error) error {
	if err == nil || errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE") {
		return nil
	}
	return err
}

// answers are the beginnings of the server's errors and what they mean; go-redis
// leaves out a leading ERR when it compares them.
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

// classified joins the sentinel of package cache that an error of go-redis or
// the server stands for. Whatever else goes wrong (dialling, time-outs,
// LOADING, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, too many clients, a reply that
// makes no sense) means that the cache cannot be used now.
func classified(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, cache.ErrTooLarge) {
		return err
	}
	if errors.Is(err, redis.ErrClosed) {
		return fmt.Errorf("%w: %w", cache.ErrClosed, err)
	}
	for _, a := range answers {
		if redis.HasErrorPrefix(err, a.prefix) || strings.Contains(err.Error(), a.prefix+" ") {
			return fmt.Errorf("%w: %w", a.sentinel, err)
		}
	}
	// The time-out of a connection that ends with the context is told as the
	// context's, of whichever of the two clocks it was noticed first.
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) && !errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return fmt.Errorf("%w: %w", cache.ErrUnavailable, err)
}

// failures collects what failed of a pipeline.
type failures struct {
	keys []string
	errs []error
}

func (f *failures) add(key string, err error) {
	if err == nil {
		return
	}
	f.keys = append(f.keys, key)
	for _, e := range f.errs {
		if e.Error() == err.Error() {
			return
		}
	}
	f.errs = append(f.errs, err)
}

func (f *failures) error(ctx context.Context, op string) error {
	if f.keys == nil {
		return nil
	}
	for i, err := range f.errs {
		f.errs[i] = classified(ctx, err)
	}
	return &cache.OpError{Op: op, Keys: f.keys, Err: errors.Join(f.errs...)}
}
