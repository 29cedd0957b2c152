package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// rawKey returns a key as stored on the server, or the path of a file. On memcached it
// reads the namespace version.
func rawKey(ctx context.Context, c cache.Adapter, key string) (string, error) {
	switch c := c.(type) {
	case interface {
		RawKey(ctx context.Context, key string) (string, error)
	}:
		return c.RawKey(ctx, key)
	case interface{ File(key string) string }:
		return c.File(key), nil
	}
	return key, nil
}

func cacheKey(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		keys, err := someKeys(flags, args)
		if err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error {
			for _, k := range keys {
				raw, err := rawKey(ctx, c, k)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintln(a.stdout, oneWord(raw)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func cacheServer(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	raw := flags.Bool("raw", false, "the keys are given as stored on the server; sends no request")
	return func(args []string) error {
		keys, err := parseInterleaved(flags, args)
		if err == nil && (len(keys) == 0 || !*raw) {
			err = validKeys(keys)
		}
		if err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error {
			m, ok := c.(interface {
				Servers() *memcachedadapter.Servers
			})
			if !ok {
				return errors.New("only memcached distributes keys over servers; see MOSPARO_CACHE_ADAPTER")
			}
			for _, k := range keys {
				at := k
				if !*raw {
					var err error
					if at, err = rawKey(ctx, c, k); err != nil {
						return err
					}
				}
				if _, err := fmt.Fprintf(a.stdout, "%s\t%s\n", oneWord(k), m.Servers().ServerOf(at)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// oneWord quotes a key that a terminal or a script could misinterpret.
func oneWord(key string) string {
	quoted := strconv.QuoteToGraphic(key)
	if quoted[1:len(quoted)-1] != key || strings.ContainsAny(key, " \u00a0") {
		return strconv.QuoteToASCII(key)
	}
	return key
}
