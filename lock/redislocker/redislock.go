package redislocker

import (
	"context"
	_ "embed"
	"encoding/json"
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

// A name is obtained by calling redislock.Obtain, with a client of our own.
//
// What redislock does, and we want: SET NX with a lifetime, a token that may
// obtain again, and a held lock as ErrNotObtained. What it lacks: a fencing
// token. The fence has to be drawn in the same step of the server: between a
// lock and a fence drawn after it, the lock may expire, and the next holder gets
// the smaller fence. Redis runs a script as one step, so redislock's script has
// to be a part of ours (acquire.lua calls it as the function obtain). redislock
// does not export it, but sends it to any client that it is given, so
// [scriptRecorder] takes it from there, once. A pipeline of redislock's script
// and one for the fence was measured: it was no faster, and took 27 allocations
// more. Renew and Release compare the token in scripts of this package, since
// redislock makes a handle for them only by obtaining.

// acquireScript returns redislock's script as a function, and ours that calls it.
var acquireScript = sync.OnceValue(func() *redis.Script {
	var r scriptRecorder
	_, _ = redislock.Obtain(context.Background(), &r, "", time.Second, nil) // it obtains nothing
	return redis.NewScript("local function obtain(KEYS, ARGV)\n" + r.script + "\nend\n" + acquireSource)
})

// scriptRecorder is a client that sends nothing and keeps the script that
// redislock would send.
type scriptRecorder struct {
	redis.Scripter // for what redislock does not call
	script         string
}

// EvalSha implements [redis.Scripter] as a server that knows no script.
func (r *scriptRecorder) EvalSha(ctx context.Context, _ string, _ []string, _ ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx)
	cmd.SetErr(noScript{})
	return cmd
}

// Eval implements [redis.Scripter].
func (r *scriptRecorder) Eval(ctx context.Context, script string, _ []string, _ ...any) *redis.Cmd {
	r.script = script
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
	owner, err := json.Marshal(c.Owner)
	if err != nil {
		return 0, &lock.ArgumentError{Arg: "owner", Reason: err.Error()}
	}
	a := &fencedClient{b: b, record: recordKey(name), owner: owner, kept: recordTTL(ttl).Milliseconds()}
	if c.Unfenced {
		a.kept = ttl.Milliseconds()
	}
	_, err = redislock.Obtain(ctx, a, lockKey(name), ttl, &redislock.Options{Token: string(c.Token)})
	switch {
	case errors.Is(err, redislock.ErrNotObtained):
		return 0, &lock.HeldError{Name: name, Owner: a.heldBy, ExpiresIn: a.left}
	case err != nil:
		return 0, classify(err)
	case a.fence == 0 && !c.Unfenced:
		return 0, fmt.Errorf("%w: the answer is no fence", lock.ErrUnavailable)
	}
	if err := a.replicas.enough(); err != nil {
		return 0, err
	}
	b.warnIfEvicting(ctx)
	return a.fence, nil
}

// recordTTL returns the lifetime of a record: 30 days longer than that of the lock,
// so that fences go on rising although the clock is set back meanwhile.
func recordTTL(ttl time.Duration) time.Duration {
	const longer = 30 * 24 * time.Hour
	return min(ttl, math.MaxInt64-longer) + longer
}

// fencedClient is the client that redislock sends its script to: it sends ours in
// its place, which draws the fence as well.
type fencedClient struct {
	redis.Scripter // for what redislock does not call
	b              *Backend
	record         string
	owner          []byte
	kept           int64 // lifetime of the record in milliseconds; that of the lock: no fence

	fence    uint64
	heldBy   lock.Owner
	left     time.Duration
	replicas acknowledged
}

// EvalSha implements [redis.Scripter]; redislock gives the key of the lock, and
// token, its length and lifetime.
func (a *fencedClient) EvalSha(ctx context.Context, _ string, keys []string, args ...any) (cmd *redis.Cmd) {
	cmd, a.replicas = a.b.run(ctx, acquireScript(), append(keys, a.record), append(args, a.owner, a.kept)...)
	switch answer := cmd.Val().(type) {
	case string:
		a.fence = number(answer)
	case []any:
		if len(answer) == 2 {
			ms, _ := answer[1].(int64)
			a.heldBy, a.left = decodeOwner(answer[0]), time.Duration(max(ms, 0))*time.Millisecond
		}
		cmd.SetErr(redis.Nil) // redislock's answer for a lock that is held
	}
	return cmd
}
