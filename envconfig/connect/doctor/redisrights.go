package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/redis/go-redis/v9"
)

// word is a command that a node needs on Redis.
type word struct {
	name string
	// cache and locks say what needs it, writes that a node which only observes does
	// not.
	cache, locks, writes bool
	// probe are the arguments of a call that changes nothing, for a key of this program
	// that does not exist. Redis checks the rights before it looks at the arguments.
	probe func(key string) []any
}

// args returns a probe that has the key first.
func args(more ...any) func(string) []any {
	return func(key string) []any { return append([]any{key}, more...) }
}

// without returns a probe without a key.
func without(all ...any) func(string) []any { return func(string) []any { return all } }

// noScript is the digest of no script.
const noScript = "0000000000000000000000000000000000000000"

// words are the commands that a node sends, and those that its scripts call. A node on a
// cluster sends no multi and exec.
var words = []word{
	{"get", true, true, false, args()},
	{"mget", true, false, false, args()},
	{"pttl", false, true, false, args()},
	{"set", true, true, true, args("x", "NX", "XX")}, // which exclude each other
	{"setex", true, false, true, args("0", "x")},     // an invalid lifetime
	{"multi", true, false, true, nil},
	{"exec", true, false, true, without()}, // without MULTI
	{"del", true, true, true, args()},
	{"evalsha", false, true, true, without(noScript, 0)},
	{"eval", false, true, true, without("return 0", 0)},
	{"getrange", false, true, true, args(0, 0)},
	{"mget", false, true, true, args()},
	{"mset", false, true, true, func(key string) []any { return []any{key, "x", key} }},   // a value is missing
	{"msetnx", false, true, true, func(key string) []any { return []any{key, "x", key} }}, // likewise
	{"pexpire", false, true, true, args(1)},
	{"time", false, true, true, without()},
}

// neededWords returns the commands for a usage.
func neededWords(use usage, cluster bool) (all []word) {
	for _, w := range words {
		isFor := use.cache && w.cache || use.locks && w.locks
		isLeftOut := cluster && (w.name == "multi" || w.name == "exec")
		isThere := slices.ContainsFunc(all, func(other word) bool { return other.name == w.name })
		if isFor && !isLeftOut && !isThere {
			all = append(all, w)
		}
	}
	return all
}

// pattern is a pattern of keys in an ACL, and a key that matches it.
type pattern struct {
	text, key string
	// exact is true if the pattern is the key of an entry, which is not written to.
	exact bool
}

// neededKeys returns the patterns for a usage.
func neededKeys(use usage, hasCSS bool) (all []pattern) {
	if use.cache {
		for _, key := range scheduleKeys {
			all = append(all, pattern{key, key, true})
		}
		if hasCSS {
			id := randomUUID()
			all = append(all, pattern{"design_*_content", "design_" + id + "_content", false}, pattern{"design_*_hash", "design_" + id + "_hash", false})
		}
		return append(all, pattern{"mosparoGo*", ownKey(use), false})
	}
	return append(all, pattern{lockPattern, ownKey(use), false})
}

// rights finds out what the ACL of the user lacks.
func (x *redisServer) rights(ctx context.Context) {
	user, err := x.client.Do(ctx, "ACL", "WHOAMI").Text()
	switch {
	case err == nil && !strings.ContainsFunc(user, unicode.IsSpace): // as no user of Redis has
	case err == nil, isRefused(err):
		user = x.user()
	default:
		return // a server before ACLs, or a proxy that does not know them
	}
	x.result.fact("user", user)
	missing := x.missingWords(ctx)
	var reads, writes []string
	for _, w := range missing {
		if w.writes {
			writes = append(writes, "+"+w.name)
		} else {
			reads = append(reads, "+"+w.name)
		}
	}
	if len(reads) > 0 {
		x.result.add(x.missing(user, "_acl_words_missing", Error, reads, "a node cannot read the schedule, the CSS or who holds a lock"))
	}
	if len(writes) > 0 {
		x.result.add(x.missing(user, "_acl_write_words_missing", x.writes, writes, "a node that cleans gets no lock, or cannot save the schedule; one that only observes does not need them"))
	}
	if slices.Contains(reads, "+get") {
		return // no key can be tried
	}
	if keys := x.missingKeys(ctx, user); len(keys) > 0 {
		x.result.add(x.missing(user, "_acl_keys_missing", Error, keys, "a node cannot use the entries with these keys"))
	}
}

func (x *redisServer) missing(user, code string, severity Severity, rules []string, consequence string) Finding {
	return Finding{
		Code: x.part + code, Severity: severity, Subject: x.part,
		What:        fmt.Sprintf("the ACL of the user %s lacks %s", user, strings.Join(rules, " ")),
		Consequence: consequence,
		Remedy:      "ACL SETUSER " + user + " " + strings.Join(rules, " "),
	}
}

// missingWords returns the commands that the user may not run.
func (x *redisServer) missingWords(ctx context.Context) (missing []word) {
	key := ownKey(x.use)
	for _, w := range neededWords(x.use, x.dsn.Cluster) {
		var err error
		if w.probe == nil {
			err = x.tryMulti(ctx)
		} else {
			cmd := redis.NewCmd(ctx, append([]any{w.name}, w.probe(key)...)...)
			err = x.client.Process(ctx, once{cmd})
		}
		if isRefused(err) && strings.Contains(err.Error(), "permissions to run") {
			missing = append(missing, w)
		}
	}
	return missing
}

// tryMulti begins a transaction on a connection that is closed with it.
func (x *redisServer) tryMulti(ctx context.Context) error {
	client, err := x.again()
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Do(ctx, "MULTI").Err()
}

// once is a command that go-redis does not send again.
type once struct{ *redis.Cmd }

// NoRetry implements [redis.Cmder].
func (once) NoRetry() bool { return true }

// missingKeys returns the patterns of keys that the user may not read, or not write.
func (x *redisServer) missingKeys(ctx context.Context, user string) (missing []string) {
	for _, p := range neededKeys(x.use, x.hasCSS) {
		err := x.client.Get(ctx, p.key).Err()
		if !isRefused(err) {
			err = x.tryWrite(ctx, user, p)
		}
		if isRefused(err) && !strings.Contains(err.Error(), "permissions to run") {
			missing = append(missing, "~"+p.text)
		}
	}
	return missing
}

// tryWrite finds out whether a key may be written. For the key of an entry it asks the
// server to say so, if it is allowed to ask.
func (x *redisServer) tryWrite(ctx context.Context, user string, p pattern) error {
	if !p.exact {
		return x.client.Process(ctx, once{redis.NewCmd(ctx, "set", p.key, "x", "NX", "XX")})
	}
	answer, err := x.client.Do(ctx, "ACL", "DRYRUN", user, "SET", p.key, "x").Text()
	if err == nil && answer != "OK" {
		return refusal(answer)
	}
	return nil
}

// refusal is the answer of ACL DRYRUN, which is none of an error.
type refusal string

// Error implements error.
func (r refusal) Error() string { return "NOPERM " + string(r) }

// RedisError implements [redis.Error].
func (refusal) RedisError() {}
