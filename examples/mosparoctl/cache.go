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
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

func cacheCommands() []command {
	return withHidden([]command{
		{
			name: "get", args: "[--json] KEY…", run: cacheGet, cluster: true, complete: mosparoKeys,
			help:     "Show entries of the shared cache. Not on a terminal, and with --json, it writes one JSON line for each.",
			examples: []string{"mosparoctl cache get mosparoNextCleanup mosparoCleanupStartedAt", "mosparoctl cache get --dir /var/www/mosparo --json mosparoNextCleanup"},
		},
		{
			name: "set", args: "[--ttl DURATION] KEY JSON", run: cacheSet, cluster: true, complete: mosparoKeys,
			help:     `Store a value. It is given as typed JSON such as {"t":"string","v":"text"}; "cache get --json" shows the form of others.`,
			examples: []string{`mosparoctl cache set --dir /var/www/mosparo --ttl 60s example '{"t":"string","v":"text"}'`},
		},
		{
			name: "delete", aliases: []string{"rm", "remove"}, args: "KEY…", run: cacheDelete, cluster: true, complete: mosparoKeys,
			help:     "Remove entries.",
			examples: []string{"mosparoctl cache delete --dir /var/www/mosparo mosparoNextCleanup"},
		},
		{
			name: "ls", aliases: []string{"list"}, args: "[--all] [--json] [PREFIX]", run: cacheList, cluster: true, complete: mosparoKeys,
			help:     "List the keys of mosparo and of Go nodes, if the cache can list them.",
			examples: []string{"mosparoctl cache ls --dir /var/www/mosparo", "mosparoctl cache ls --all --json mosparoGo"},
		},
		{
			name: "clear", args: "[--yes] [--force] [--json]", run: cacheClear, cluster: true, asks: works,
			help:     "Remove all entries of mosparo and of Go nodes, but no locks and no foreign entries. It is refused while a Go node is working.",
			examples: []string{"mosparoctl cache clear --dir /var/www/mosparo", "mosparoctl cache clear --dir /var/www/mosparo --yes --json"},
		},
	}, cachePlaceCommands()...)
}

// cachePlaceCommands are the commands that show where entries are stored.
func cachePlaceCommands() []command {
	return []command{
		{
			name: "key", args: "[--json] KEY…", run: cacheKey, cluster: true, complete: mosparoKeys,
			help:     "Show the keys as stored on the server, or the paths of files.",
			examples: []string{"mosparoctl debug cache key --dir /var/www/mosparo mosparoNextCleanup"},
		},
		{
			name: "server", args: "[--raw] [--json] KEY…", run: cacheServer, cluster: true, complete: mosparoKeys,
			help:     "Show which memcached server has a key.",
			examples: []string{"mosparoctl debug cache server --dir /var/www/mosparo mosparoNextCleanup"},
		},
		{
			name: "path", args: "[--json] KEY…", run: cachePath, asks: offline, complete: mosparoKeys,
			help:     "Show the path of an entry's file, relative to the cache directory.",
			examples: []string{"mosparoctl debug cache path mosparoNextCleanup"},
		},
	}
}

// mosparoKeys are the keys that every cluster has, for completion.
func mosparoKeys(context.Context, *app, []string) []string {
	return []string{string(cleanup.NextCleanup), string(cleanup.AdditionalCleanup), string(cleanup.CleanupStartedAt)}
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
	asJSON := jsonFlag(flags)
	return func(keys []string) error {
		if err := validKeys(keys); err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error {
			values, failure := c.Get(ctx, keys...)
			var op *cache.OpError
			if failure != nil && (len(values) != len(keys) || !errors.As(failure, &op)) {
				return failure
			}
			found := make([]entry, len(keys))
			for i, k := range keys {
				found[i] = describe(k, values[i])
				if op != nil && slices.Contains(op.Keys, k) {
					found[i].Error = op.Err.Error()
				}
			}
			return errors.Join(a.showEntries(found, *asJSON), failure)
		})
	}
}

// showEntries writes a table on a terminal, and JSON lines elsewhere.
func (a *app) showEntries(found []entry, asJSON bool) error {
	if asJSON || !a.outTTY {
		return writeLines(a, found)
	}
	t := a.newTable("KEY", "VALUE")
	for _, e := range found {
		switch {
		case e.Error != "":
			t.add(e.Key, cell{e.Error, red})
		case !e.Found:
			t.add(e.Key, cell{"none", yellow})
		default:
			t.add(e.Key, shortValue(e.Value))
		}
	}
	return t.write()
}

// shortValue returns the value in typed JSON for people: what a string, number, boolean or
// time contains, and the JSON of everything else.
func shortValue(doc json.RawMessage) string {
	var v struct {
		T, UTC, Timezone string
		V                any
	}
	if json.Unmarshal(doc, &v) != nil {
		return string(doc)
	}
	switch text, isText := v.V.(string); {
	case v.T == "datetime":
		return v.UTC + " UTC (stored in " + v.Timezone + ")"
	case v.T == "null":
		return "null"
	case v.T == "bool":
		return fmt.Sprint(v.V)
	case isText && (v.T == "string" || v.T == "int" || v.T == "float"):
		return text
	}
	return string(doc)
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

func cacheDelete(ctx context.Context, a *app, _ *flag.FlagSet) func([]string) error {
	return func(keys []string) error {
		if err := validKeys(keys); err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error { return c.Delete(ctx, keys...) })
	}
}

func cachePath(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	asJSON := jsonFlag(flags)
	return func(keys []string) error {
		if err := validKeys(keys); err != nil {
			return err
		}
		places := make([]place, len(keys))
		for i, k := range keys {
			places[i] = place{Key: k, Path: fileadapter.Path(k)}
		}
		return a.showPlaces(places, *asJSON, func(p place) string { return p.Path })
	}
}
