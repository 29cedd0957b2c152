package redisadapter

import (
	"context"
	"iter"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Delete implements [cache.Adapter]: UNLINK, or DEL where the server does not
// know that, or does not allow it.
func (a *Adapter) Delete(ctx context.Context, keys ...string) (err error) {
	defer recoverAs("delete", keys, &err)
	if len(keys) == 0 {
		return nil
	}
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("delete", keys, err)
	}
	if !a.noUnlink.Load() {
		err := a.remove(ctx, keys, "unlink")
		if !redis.HasErrorPrefix(err, "unknown command") && !redis.HasErrorPrefix(err, "NOPERM") {
			return err
		}
		if err := a.remove(ctx, keys, "del"); err != nil {
			return err
		}
		a.noUnlink.Store(true)
		return nil
	}
	return a.remove(ctx, keys, "del")
}

func (a *Adapter) remove(ctx context.Context, keys []string, command string) error {
	if a.oneServer || len(keys) == 1 {
		if err := sendRemove(ctx, a.client, command, keys...).Err(); err != nil {
			return adapterkit.Error("delete", keys, classify(ctx, err))
		}
		return nil
	}
	pipe := a.client.Pipeline()
	cmds := make([]*redis.IntCmd, len(keys))
	for i, k := range keys {
		cmds[i] = sendRemove(ctx, pipe, command, k)
	}
	_, err := pipe.Exec(ctx)
	if err := pipelineErr(err, cmds...); err != nil {
		return adapterkit.Error("delete", keys, classify(ctx, err))
	}
	var failed adapterkit.Failures
	for i, cmd := range cmds {
		failed.Add(keys[i], classify(ctx, cmd.Err()))
	}
	return failed.Error("delete")
}

// batch is how many keys one step of a scan looks at, and one UNLINK takes.
const batch = 1000

// Clear implements [cache.Clearer]: it scans the keys of every master and
// unlinks those that [WithOwned] names. PHP's clear is FLUSHDB, which takes
// locks and other applications' keys with it; it is never sent.
func (a *Adapter) Clear(ctx context.Context) (int, error) {
	if err := adapterkit.CheckOwned(a.owned); err != nil {
		return 0, adapterkit.Error("clear", nil, err)
	}
	n := 0
	var owned []string
	unlink := func() error {
		if err := a.Delete(ctx, owned...); err != nil {
			return err
		}
		n += len(owned)
		owned = owned[:0]
		return nil
	}
	err := a.scan(ctx, initials(a.owned)+"*", func(key string) error {
		if !a.owned.Match(key) {
			return nil
		}
		if owned = append(owned, key); len(owned) == batch {
			return unlink()
		}
		return nil
	})
	if err == nil {
		err = unlink()
	}
	if err != nil {
		return n, adapterkit.Error("clear", nil, err)
	}
	return n, nil
}

// initials returns a pattern of Redis for the first characters of all keys that
// match, which narrows the reply: a class such as [mdp], or nothing.
func initials(owned cache.KeyPatterns) string {
	class := "["
	for _, p := range owned {
		switch {
		case strings.HasPrefix(p, "{not}"):
		case p == "" || p[0] == '{' || !isLetter(p[0]):
			return ""
		case !strings.Contains(class, p[:1]):
			class += p[:1]
		}
	}
	if class == "[" {
		return ""
	}
	return class + "]"
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// List implements [cache.Lister]. Keys that are added or removed meanwhile may
// be missing or there.
func (a *Adapter) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return adapterkit.List(func(visit func(string) error) error {
		return a.scan(ctx, escape(prefix)+"*", visit)
	})
}

// scan visits each key that matches once, server after server. visit runs on the
// goroutine of the caller; its first error ends the scan.
func (a *Adapter) scan(ctx context.Context, pattern string, visit func(string) error) error {
	if err := a.state.Check(ctx); err != nil {
		return err
	}
	masters, err := a.masters(ctx)
	if err != nil {
		return classify(ctx, err)
	}
	seen := map[string]struct{}{} // SCAN may repeat a key
	for _, m := range masters {
		err := scanServer(ctx, m, pattern, func(keys []string) error {
			for _, k := range keys {
				if _, again := seen[k]; again {
					continue
				}
				seen[k] = struct{}{}
				if err := visit(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// masters are the servers that together have all keys.
func (a *Adapter) masters(ctx context.Context) (masters []redis.Cmdable, err error) {
	var one sync.Mutex // they are told side by side
	add := func(_ context.Context, c *redis.Client) error {
		one.Lock()
		defer one.Unlock()
		masters = append(masters, c)
		return nil
	}
	switch c := a.client.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, add)
	case *redis.Ring:
		err = c.ForEachShard(ctx, add)
	default:
		masters = []redis.Cmdable{a.client}
	}
	return masters, err
}

func scanServer(ctx context.Context, c redis.Cmdable, pattern string, visit func([]string) error) error {
	var cursor uint64
	for {
		keys, next, err := scanStep(ctx, c, cursor, pattern)
		if err != nil {
			return err
		}
		if err := visit(keys); err != nil {
			return err
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

// scanStep is one SCAN. It turns a panic of go-redis into an error, and none of
// visit.
func scanStep(ctx context.Context, c redis.Cmdable, cursor uint64, pattern string) (keys []string, next uint64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicError(r)
		}
	}()
	if keys, next, err = c.Scan(ctx, cursor, pattern, batch).Result(); err != nil {
		err = classify(ctx, err)
	}
	return keys, next, err
}

// escape makes the characters of a pattern stand for themselves.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(s)
}
