package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func cacheCommands() []command {
	return []command{
		{name: "get", args: "KEY…", help: "Show entries of the shared cache, one JSON line each.", run: cacheGet, cluster: true},
		{name: "set", args: "[--ttl DURATION] KEY JSON", help: `Store a value, given as typed JSON such as {"t":"string","v":"text"}; "cache get" shows the form of others.`, run: cacheSet, cluster: true},
		{name: "delete", args: "KEY…", help: "Remove entries.", run: cacheDelete, cluster: true},
		{name: "ls", args: "[--all] [PREFIX]", help: "List the keys of mosparo and of Go nodes, if the cache can list them.", run: cacheList, cluster: true},
		{name: "clear", args: "[--yes] [--force]", help: "Remove all entries of mosparo and of Go nodes, but no locks and no foreign entries. Refused while a Go node is working.", run: cacheClear, cluster: true, asks: works},
		{name: "key", args: "KEY…", help: "Show the keys as stored on the server, or the paths of files.", run: cacheKey, cluster: true},
		{name: "server", args: "[--raw] KEY…", help: "Show which memcached server has a key.", run: cacheServer, cluster: true},
		{name: "path", args: "KEY…", help: "Show the path of an entry's file, relative to the cache directory.", run: cachePath, asks: offline},
	}
}

const dirHelp = "mosparo's directory, to read its .env files and config/env.mosparo.php; without it only the environment is read"

// readSettings reads the settings from --dir, or from the environment only.
func (a *app) readSettings() (*envconfig.Settings, error) {
	if a.dir != "" {
		return envconfig.Load(a.dir, a.environ)
	}
	return envconfig.FromEnviron(a.environ)
}

// settings reads the settings, and warns if they name no cache.
func (a *app) settings() (*envconfig.Settings, error) {
	s, err := a.readSettings()
	if err == nil && a.dir == "" && !s.Variable("MOSPARO_CACHE_ADAPTER").IsSet() && !s.Variable("FILESYSTEM_CACHE_PATH").IsSet() {
		fmt.Fprintln(a.stderr, "mosparoctl: the environment names no cache, so the default one is used; use --dir DIR to read mosparo's files as well")
	}
	return s, err
}

// openCache opens the cache that the settings name.
func (a *app) openCache() (cache.Adapter, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	opts, err := a.connectOptions()
	if err != nil {
		return nil, err
	}
	return connect.Cache(s, opts...)
}

// withCache opens the cache, calls do, and closes it.
func (a *app) withCache(do func(cache.Adapter) error) error {
	c, err := a.openCache()
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}

// someKeys returns the arguments of a command that takes keys. It also parses flags
// between and after them, so that a --dir after the keys is not used as a key.
func someKeys(flags *flag.FlagSet, args []string) ([]string, error) {
	keys, err := parseInterleaved(flags, args)
	if err != nil {
		return nil, err
	}
	return keys, validKeys(keys)
}

// validKeys returns an error if there are no keys, or keys that PSR-6 does not allow.
func validKeys(keys []string) error {
	if len(keys) == 0 {
		return usageError{"a key is missing"}
	}
	for _, k := range keys {
		if err := cache.ValidateKey(k); err != nil {
			return err
		}
	}
	return nil
}

// entry is one line of "cache get".
type entry struct {
	Key   string          `json:"key"`
	Found bool            `json:"found"`
	Value json.RawMessage `json:"value,omitempty"`
	// Metadata is Symfony's metadata of the value, if there is any.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Error    string          `json:"error,omitempty"`
}

func cacheGet(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		keys, err := someKeys(flags, args)
		if err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error {
			values, failure := c.Get(ctx, keys...)
			var op *cache.OpError
			if failure != nil && (len(values) != len(keys) || !errors.As(failure, &op)) {
				return failure
			}
			out := json.NewEncoder(shell.JSON(a.stdout))
			out.SetEscapeHTML(false)
			for i, k := range keys {
				e := describe(k, values[i])
				if op != nil && slices.Contains(op.Keys, k) {
					e.Error = op.Err.Error()
				}
				if err := out.Encode(e); err != nil {
					return err
				}
			}
			return failure
		})
	}
}

func describe(key string, raw []byte) entry {
	e := entry{Key: key, Found: raw != nil}
	if raw == nil {
		return e
	}
	v, err := php.Decode(raw)
	if err == nil {
		var w *php.ValueWrapper
		if php.Assign(&w, v) == nil && w != nil {
			v = w.Value
			if e.Metadata, err = typedjson.Marshal(w.Metadata()); err != nil {
				return entry{Key: key, Found: true, Error: err.Error()}
			}
		}
		e.Value, err = typedjson.Marshal(v)
	}
	if err != nil {
		e.Error = err.Error()
	}
	return e
}

func cacheSet(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	ttl := flags.Duration("ttl", 0, "lifetime, such as 60s; 0 for no limit")
	return func(args []string) error {
		args, err := parseInterleaved(flags, args)
		if err != nil {
			return err
		}
		if len(args) != 2 {
			return usageError{"cache set takes a key and typed JSON"}
		}
		if err := validKeys(args[:1]); err != nil {
			return err
		}
		if *ttl < 0 {
			return usageError{"--ttl must not be negative"}
		}
		v, err := typedjson.Unmarshal([]byte(args[1]))
		if err != nil {
			return fmt.Errorf(`the value must be typed JSON such as {"t":"string","v":"text"}: %w`, err)
		}
		raw, err := php.Marshal(v)
		if err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error {
			return c.Set(ctx, cache.Item{Key: args[0], Value: raw, TTL: *ttl})
		})
	}
}

// parseInterleaved also parses flags after the first argument.
func parseInterleaved(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for len(args) > 0 {
		rest = append(rest, args[0])
		if err := flags.Parse(args[1:]); err != nil {
			return nil, exitError(2)
		}
		args = flags.Args()
	}
	return rest, nil
}

func cacheDelete(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		keys, err := someKeys(flags, args)
		if err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error { return c.Delete(ctx, keys...) })
	}
}

func cachePath(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		keys, err := someKeys(flags, args)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := fmt.Fprintln(a.stdout, fileadapter.Path(k)); err != nil {
				return err
			}
		}
		return nil
	}
}
