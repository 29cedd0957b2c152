package redislocker

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/lock"
)

//go:embed acquire.lua
var acquireSource string

// acquireScript is redislock's own script as a function, and ours that calls
// it: a lock and its fence are one step for the server.
var acquireScript = sync.OnceValue(func() *redis.Script {
	var obtain source
	_, _ = redislock.Obtain(context.Background(), &obtain, "", time.Second, nil) // it only hands out its script
	return redis.NewScript("local function obtain(KEYS, ARGV)\n" + obtain.script + "\nend\n" + acquireSource)
})

// source catches the script that redislock would have a server run.
type source struct {
	redis.Scripter // for what redislock does not call
	script         string
}

// EvalSha implements [redis.Scripter] as a server that knows no script.
func (s *source) EvalSha(ctx context.Context, _ string, _ []string, _ ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx)
	cmd.SetErr(noScript{})
	return cmd
}

// Eval implements [redis.Scripter].
func (s *source) Eval(ctx context.Context, script string, _ []string, _ ...any) *redis.Cmd {
	s.script = script
	return redis.NewCmd(ctx)
}

type noScript struct{}

func (noScript) Error() string { return "NOSCRIPT" }

// RedisError implements [redis.Error].
func (noScript) RedisError() {}

// Acquire implements [lock.Backend]: one round trip.
func (b *Backend) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	if !c.Token.IsValid() {
		return 0, &lock.ArgumentError{Arg: "token", Reason: "has another length than those of a Locker"}
	}
	ttl = whole(ttl)
	a := &acquiring{b: b, record: recordKey(name), owner: encode(c.Owner), kept: outlasting(ttl).Milliseconds()}
	if c.Unfenced {
		a.kept = ttl.Milliseconds()
	}
	_, err := redislock.Obtain(ctx, a, lockKey(name), ttl, &redislock.Options{Token: string(c.Token)})
	switch {
	case errors.Is(err, redislock.ErrNotObtained):
		return 0, &lock.HeldError{Name: name, Owner: a.holder, ExpiresIn: a.left}
	case err != nil:
		return 0, classify(err)
	case a.fence == 0 && !c.Unfenced:
		return 0, fmt.Errorf("%w: the answer is no fence", lock.ErrUnavailable)
	}
	if err := a.replicas.enough(); err != nil {
		return 0, err
	}
	b.look(ctx)
	return a.fence, nil
}

// outlasting is the lifetime of a record: 30 days longer than that of the lock,
// so that fences go on rising although the clock is set back meanwhile.
func outlasting(ttl time.Duration) time.Duration {
	const longer = 30 * 24 * time.Hour
	return min(ttl, math.MaxInt64-longer) + longer
}

// acquiring is what redislock runs its script on: it runs ours, which draws the
// fence as well.
type acquiring struct {
	redis.Scripter // for what redislock does not call
	b              *Backend
	record, owner  string
	kept           int64 // how long the record is, in milliseconds; as long as the lock: no fence

	fence    uint64
	holder   lock.Owner
	left     time.Duration
	replicas acknowledged
}

// EvalSha implements [redis.Scripter]; redislock gives the key of the lock, and
// token, its length and lifetime.
func (a *acquiring) EvalSha(ctx context.Context, _ string, keys []string, args ...any) (cmd *redis.Cmd) {
	cmd, a.replicas = a.b.run(ctx, acquireScript(), append(keys, a.record), append(args, a.owner, a.kept)...)
	switch answer := cmd.Val().(type) {
	case string:
		a.fence = number(answer)
	case []any:
		if len(answer) == 2 {
			ms, _ := answer[1].(int64)
			a.holder, a.left = owner(answer[0]), time.Duration(max(ms, 0))*time.Millisecond
		}
		cmd.SetErr(redis.Nil) // redislock's answer for a lock that is held
	}
	return cmd
}
